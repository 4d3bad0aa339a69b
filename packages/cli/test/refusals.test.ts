import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cosmicai } from './support/in-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'cosmicai-refusals-'));
const file = join(folder, 'payload.json');
writeFileSync(file, '[1]');
afterAll(() => rmSync(folder, { recursive: true }));

it.each<[string, RegExp, string[]]>([
  ['another device', /--device tpu is not supported: cpu or cuda\./, ['infer', 'x.pt', '--device', 'tpu']],
  [
    'a model in a bucket where a file is needed',
    /is no file of this machine.*download it/,
    ['infer', file, '--model', 's3://models/ours.onnx'],
  ],
  ['a folder as a model', /: expected an ONNX file\./, ['infer', file, '--model', folder]],
  ['a role no model has', /Expected role=name, with a role of /, ['infer', file, '--map', 'picture=x']],
  ['a folder as a catalogue', /is a folder; --catalogue takes one CSV file/, simulate('--catalogue', folder)],
  ['a column named twice', /z_spec is given twice/, simulate('--catalogue', file, '--columns', 'z_spec=a,z_spec=b')],
  ['columns without a catalogue', /--columns is about a catalogue/, simulate('--columns', 'z_spec=a')],
  ['a size nobody simulates', /use small, medium, large, or name your own/, ['bench', '--data-sizes', 'tiny']],
  ['a list as a payload', /payload .*found.*allowed: a JSON object/s, ['run', file]],
  ['a payload that is not there', /payload .*nosuch\.json can't be read/, ['run', join(folder, 'nosuch.json')]],
  ['an address without a payload', /nosuch\.json/, ['run', `file://${folder}/nosuch.json`]],
  ['a payload to go on with', /it takes no payload/, ['run', file, '--target', 'aws', '--attach', 'x']],
  [
    'no endpoint',
    /nowhere.{2,4} is not an endpoint: expected host:port/,
    ['doctor', '--rendezvous', 'nowhere', '--json'],
  ],
])('%s is refused by name', async (what, message, args) => {
  const { code, stdout, stderr } = await cosmicai(...args);
  expect(stdout + stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n {4}at /);
  // What doctor finds is a finding.
  expect(code).toBe(what === 'no endpoint' ? 1 : 2);
});

function simulate(...options: string[]): string[] {
  return ['simulate', '--count', '1', '-o', join(folder, 'out'), ...options];
}
