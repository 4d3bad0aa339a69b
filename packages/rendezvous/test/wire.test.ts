import fc from 'fast-check';
import { refusals, type Refusal } from '../src/errors.ts';
import { MalformedMessageError } from '../src/wire/fields.ts';
import { FrameReader } from '../src/wire/frame-reader.ts';
import { encode, magic, type Message } from '../src/wire/messages.ts';
import { sniff } from '../src/wire/sniff.ts';
import { decodeAddressV1, encodeAddressV1 } from '../src/wire/v1.ts';
import {
  decodeRequestV2,
  decodeResponseV2,
  encodeRequestV2,
  encodeResponseV2,
  requestBytesV2,
  responseBytesV2,
} from '../src/wire/v2.ts';

const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));
const u32 = fc.nat(0xff_ff_ff_ff);
const endpoint = fc.record({ host: fc.oneof(fc.ipV4(), fc.ipV6()), port: fc.integer({ min: 1, max: 65_535 }) });
const endpointV4 = fc.record({ host: fc.ipV4(), port: fc.integer({ min: 1, max: 65_535 }) });
const shortText = (maxLength: number) => fc.string({ unit: 'binary', maxLength: Math.floor(maxLength / 4) });

const path = fc.constantFrom('punch', 'relay');
const bodies = {
  hello: fc.record({
    version: fc.nat(255),
    role: fc.constantFrom('member', 'observer'),
    runId: shortText(128),
    group: shortText(64),
    rank: u32,
    worldSize: u32,
    keyHint: bytes(8),
    nonce: bytes(16),
  }),
  proof: fc.record({ mac: bytes(32), candidates: fc.array(endpoint, { maxLength: 8 }) }),
  seek: fc.record({ peers: fc.array(fc.record({ rank: u32, failed: bytes(16) }), { maxLength: 256 }) }),
  leave: fc.constant({}),
  join: fc.record({ pairing: bytes(16), rank: u32, path, mac: bytes(32) }),
  challenge: fc.record({ nonce: bytes(16), mac: bytes(32) }),
  welcome: fc.record({ observed: endpoint, heartbeatMs: u32, members: u32 }),
  introduce: fc.record({
    peer: u32,
    pairing: bytes(16),
    observed: endpoint,
    candidates: fc.array(endpoint, { maxLength: 8 }),
  }),
  gone: fc.record({ peer: u32, how: fc.constantFrom('left', 'lost') }),
  refused: fc.record({
    refusal: fc.constantFrom(...(Object.keys(refusals) as Refusal[])),
    reason: shortText(512),
  }),
  meet: fc.record({ observed: endpoint, peer: endpoint }),
  linkHello: fc.record({ pairing: bytes(16), from: u32, nonce: bytes(16), encrypt: fc.boolean() }),
};
const message = fc.oneof(
  ...Object.entries(bodies).map(([name, body]) =>
    (body as fc.Arbitrary<object>).map((value) => ({ name, body: value })),
  ),
) as fc.Arbitrary<Message>;

function readAll(reader: FrameReader): Message[] {
  const read: Message[] = [];
  for (let next = reader.next(); next !== undefined; next = reader.next()) read.push(next);
  return read;
}

/** Cuts a buffer at arbitrary places, as a network may. */
function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [...new Set(places.map((place) => place % (whole.length + 1)))].sort((left, right) => left - right);
  return [0, ...cuts].map((from, index) => whole.subarray(from, cuts[index] ?? whole.length));
}

describe('messages of the authenticated protocol', () => {
  it('come back as they were sent, however the network cuts them', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 12 }), (sent, places) => {
        const stream = Buffer.concat(sent.map(({ name, body }) => encode(name, body as never)));
        const reader = new FrameReader();
        const received = cut(stream, places).flatMap((part) => {
          reader.push(part);
          return readAll(reader);
        });
        expect(received).toEqual(sent);
        expect(reader.rest()).toHaveLength(0);
      }),
    );
  });

  it('leave bytes after the last wanted message untouched', () => {
    fc.assert(
      fc.property(message, fc.uint8Array(), (sent, after) => {
        const reader = new FrameReader();
        reader.push(Buffer.concat([encode(sent.name, sent.body as never), Buffer.from(after)]));
        expect(reader.next()).toEqual(sent);
        expect(reader.rest()).toEqual(Buffer.from(after));
      }),
    );
  });

  it('turn garbage into MalformedMessageError and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (garbage) => {
        const reader = new FrameReader();
        reader.push(Buffer.from(garbage));
        try {
          readAll(reader);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessageError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuse a message with bytes missing or added', () => {
    fc.assert(
      fc.property(message, fc.constantFrom(-1, 1), (sent, change) => {
        const frame = encode(sent.name, sent.body as never);
        const length = frame.length - 3 + change;
        fc.pre(length >= 0);
        const damaged = Buffer.alloc(3 + length);
        frame.copy(damaged, 0, 0, Math.min(frame.length, damaged.length));
        damaged.writeUInt16BE(length, 0);
        const reader = new FrameReader();
        reader.push(damaged);
        expect(() => readAll(reader)).toThrow(MalformedMessageError);
      }),
    );
  });
});

describe('TCPunch v1 and v2', () => {
  it('v1 addresses take 8 bytes and survive the trip', () => {
    expect(encodeAddressV1({ host: '10.1.2.3', port: 0x1234 })).toEqual(Buffer.from([10, 1, 2, 3, 0x12, 0x34, 0, 0]));
    fc.assert(fc.property(endpointV4, (value) => expect(decodeAddressV1(encodeAddressV1(value))).toEqual(value)));
  });

  it('v2 requests take 141 bytes and survive the trip', () => {
    const name = fc.string({ minLength: 1, maxLength: 24, unit: 'binary' }).filter((text) => !text.includes('\0'));
    const token = fc.oneof(fc.constant(''), fc.uuid());
    fc.assert(
      fc.property(name, token, (pairingName, reconnect) => {
        const request = encodeRequestV2({ pairingName, token: reconnect });
        expect(request).toHaveLength(requestBytesV2);
        expect(requestBytesV2).toBe(141);
        expect(decodeRequestV2(request)).toEqual({ pairingName, token: reconnect });
      }),
    );
  });

  it('v2 responses take 50 bytes: status, your address, peer address, token', () => {
    const token = '0f6c1f9e-3b1a-4c57-9d3c-3f0f6c1f9e3b';
    const you = { host: '1.2.3.4', port: 258 };
    const bytes = encodeResponseV2({ status: 'paired', you, peer: { host: '5.6.7.8', port: 772 }, token });
    expect(responseBytesV2).toBe(50);
    expect(bytes.subarray(0, 13)).toEqual(Buffer.from([1, 1, 2, 3, 4, 1, 2, 5, 6, 7, 8, 3, 4]));
    expect(bytes.subarray(13).toString('latin1')).toBe(`${token}\0`);
    expect(decodeResponseV2(encodeResponseV2({ status: 'waiting', you, peer: undefined, token }))).toEqual({
      status: 'waiting',
      you,
      peer: undefined,
      token,
    });
  });
});

describe('telling the protocols apart', () => {
  it.each([
    ['our magic number', magic, 'own'],
    ['a part of it', magic.subarray(0, 2), 'more'],
    ['something that only starts like it', Buffer.from([0xff, 0x00]), 'garbage'],
    ['a name that may be v1', Buffer.from('fmi0_1'), 'v1-if-silent'],
    ['a v2 name with its terminator, the rest still to come', Buffer.from('fmi0_1\0'), 'more'],
    ['a whole v2 request', encodeRequestV2({ pairingName: 'fmi0_1', token: '' }), 'v2'],
    ['an unterminated name of 100 bytes', Buffer.alloc(100, 'a'), 'garbage'],
    ['an empty name', Buffer.alloc(10), 'garbage'],
    ['HTTP', Buffer.from(`GET / HTTP/1.1\r\nHost: ${'x'.repeat(100)}\r\n\r\n`), 'garbage'],
  ])('%s', (_what, first, expected) => expect(sniff(first, true)).toBe(expected));

  it('waits for more instead of taking a name for v1 when v1 is off', () => {
    expect(sniff(Buffer.from('fmi0_1'), false)).toBe('more');
  });
});
