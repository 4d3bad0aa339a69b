import { parseEndpoint, UserInputError } from '../src/index.ts';

it.each([
  ['localhost:10000', { host: 'localhost', port: 10_000 }],
  ['[::1]:1', { host: '::1', port: 1 }],
  ['rendezvous.example.org:65535', { host: 'rendezvous.example.org', port: 65_535 }],
])('%s is an endpoint', (text, endpoint) => {
  expect(parseEndpoint(text)).toEqual(endpoint);
});

it.each([
  '',
  'localhost',
  ':1',
  'localhost:',
  'localhost:0',
  'localhost:65536',
  'localhost:1e3',
  'a b:1',
  '::1:1',
  'http://a:1',
])('"%s" is refused with what is expected', (text) => {
  expect(() => parseEndpoint(text)).toThrow(UserInputError);
  expect(() => parseEndpoint(text)).toThrow(/expected host:port with a port from 1 to 65535/);
});
