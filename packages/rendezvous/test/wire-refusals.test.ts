import {
  BodyReader,
  bool,
  bytes,
  choice,
  endpoint,
  type Field,
  list,
  MalformedMessageError,
  text,
  u8,
} from '../src/wire/fields.ts';
import { FrameReader } from '../src/wire/frame-reader.ts';
import { decode, encode, maxBody } from '../src/wire/messages.ts';
import { sniff } from '../src/wire/sniff.ts';
import { decodeAddressV1, encodeAddressV1, maxNameV1 } from '../src/wire/v1.ts';
import {
  decodeRequestV2,
  decodeResponseV2,
  encodeRequestV2,
  encodeResponseV2,
  requestBytesV2,
  responseBytesV2,
} from '../src/wire/v2.ts';

const read = <T>(field: Field<T>, ...body: number[]): T => field.read(new BodyReader(Buffer.from(body)));
const malformed = (message: string): MalformedMessageError => new MalformedMessageError(message);
const address = (host: string, port: number): number[] => [0, host.length, ...Buffer.from(host), port >> 8, port & 255];

describe('a field', () => {
  it.each([
    ['bytes that are missing', bytes(4), [1, 2], 'message of 2 bytes ends where byte 4 was expected'],
    ['a flag that is none', bool, [2], 'flag 2 is neither 0 nor 1'],
    ['a longer text than allowed', text(3), [0, 4, 97, 97, 97, 97], 'text of 4 bytes; at most 3 are allowed'],
    ['a text that ends early', text(3), [0, 3, 97], 'message of 3 bytes ends where byte 5 was expected'],
    ['a text that is not UTF-8', text(3), [0, 2, 0xc3, 0x28], 'text that is not UTF-8'],
    ['a longer list than allowed', list(u8, 2), [0, 3, 1, 2, 3], 'list of 3; at most 2 are allowed'],
    ['a code without a name', choice({ left: 0, lost: 1 }), [2], 'code 2 is not one of 0, 1'],
    ['a host name', endpoint, address('localhost', 80), '"localhost" is not a numeric address'],
    ['a port that is none', endpoint, address('10.0.0.1', 0), 'port 0 names no endpoint'],
    [
      'an address that is too long for one',
      endpoint,
      address('1'.repeat(46), 80),
      'text of 46 bytes; at most 45 are allowed',
    ],
  ] as [string, Field<unknown>, number[], string][])('refuses %s', (_what, field, body, message) => {
    expect(() => read(field, ...body)).toThrow(malformed(message));
  });

  it('takes texts and lists of exactly the allowed length', () => {
    expect(read(text(3), 0, 3, 97, 98, 99)).toBe('abc');
    expect(text(3).write('abc')).toEqual(Buffer.from([0, 3, 97, 98, 99]));
    expect(read(list(u8, 2), 0, 2, 7, 8)).toEqual([7, 8]);
    expect(list(u8, 2).write([7, 8])).toEqual(Buffer.from([0, 2, 7, 8]));
  });

  it('keeps a mark at the start of a text, which is a part of it', () => {
    expect(read(text(8), 0, 4, 0xef, 0xbb, 0xbf, 97)).toBe('\ufeffa');
  });

  it('is not written when it would not be read', () => {
    expect(() => bytes(4).write(Buffer.alloc(3))).toThrow(new RangeError('expected 4 bytes, got 3'));
    expect(() => text(3).write('äö')).toThrow(new RangeError('text of 4 bytes; at most 3 are allowed'));
    expect(() => list(u8, 2).write([1, 2, 3])).toThrow(new RangeError('list of 3; at most 2 are allowed'));
  });
});

describe('a message', () => {
  const mac = Buffer.alloc(32, 5);

  it('has a code that is known', () => {
    expect(() => decode(200, Buffer.alloc(0))).toThrow(malformed('unknown message code 200'));
  });

  it('ends with its last field', () => {
    expect(() => decode(129, Buffer.concat([mac, Buffer.of(1, 2, 3)]))).toThrow(
      malformed('3 bytes after the end of the message'),
    );
  });

  it('may be the longest that fits, and no longer', () => {
    const reader = new FrameReader();
    reader.push(Buffer.from([maxBody >> 8, maxBody & 255, 3]));
    expect(reader.next()).toBeUndefined();

    const over = new FrameReader();
    over.push(Buffer.from([(maxBody + 1) >> 8, (maxBody + 1) & 255, 3]));
    expect(() => over.next()).toThrow(malformed('frame of 8193 bytes; at most 8192 are allowed'));
  });

  it('of the most peers is written and read', () => {
    const peers = Array.from({ length: 256 }, (_, rank) => ({ rank, failed: Buffer.alloc(16, rank) }));
    const frame = encode('seek', { peers });
    expect(frame).toHaveLength(3 + 5122);
    expect(decode(3, frame.subarray(3))).toEqual({ name: 'seek', body: { peers } });
    expect(() => encode('seek', { peers: [...peers, peers[0]!] })).toThrow(RangeError);
  });

  // The first bytes of both sides: a changed code or order would part versions that should meet.
  it.each([
    ['leave', encode('leave', {}), '000004'],
    ['pong', encode('pong', {}), '000005'],
    ['ping', encode('ping', {}), '000046'],
    ['open', encode('open', {}), '000049'],
    ['back', encode('back', { peer: 258 }), '00044500000102'],
    ['gone', encode('gone', { peer: 1, how: 'lost' }), '0005440000000101'],
    ['gone, having left', encode('gone', { peer: 1, how: 'left' }), '0005440000000100'],
    ['nudge', encode('nudge', { pairing: Buffer.alloc(16, 1), path: 'relay' }), `001143${'01'.repeat(16)}02`],
    ['nudge to punch', encode('nudge', { pairing: Buffer.alloc(16, 1), path: 'punch' }), `001143${'01'.repeat(16)}01`],
    ['linkProof', encode('linkProof', { mac }), `002081${'05'.repeat(32)}`],
    ['linkChosen', encode('linkChosen', { mac }), `002082${'05'.repeat(32)}`],
    [
      'meet',
      encode('meet', { observed: { host: '::1', port: 1 }, peer: { host: '1.2.3.4', port: 2 } }),
      '0012480003' + '3a3a31' + '0001' + '0007' + '312e322e332e34' + '0002',
    ],
  ])('%s has the bytes it has always had', (_name, frame, hex) => {
    expect(frame.toString('hex')).toBe(hex);
  });
});

describe('TCPunch v1 and v2', () => {
  const token = '0f6c1f9e-3b1a-4c57-9d3c-3f0f6c1f9e3b';
  const request = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = encodeRequestV2({ pairingName: 'fmi0_1', token });
    change(bytes);
    return bytes;
  };
  const response = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = encodeResponseV2({ status: 'error', you: undefined, peer: undefined, token });
    change(bytes);
    return bytes;
  };

  it('refuse what has not the one length they have', () => {
    for (const length of [7, 9])
      expect(() => decodeAddressV1(Buffer.alloc(length))).toThrow(
        malformed(`a v1 address takes 8 bytes, not ${length}`),
      );
    for (const length of [requestBytesV2 - 1, requestBytesV2 + 1])
      expect(() => decodeRequestV2(Buffer.alloc(length, 1))).toThrow(
        malformed(`a v2 request takes 141 bytes, not ${length}`),
      );
    for (const length of [responseBytesV2 - 1, responseBytesV2 + 1])
      expect(() => decodeResponseV2(Buffer.alloc(length))).toThrow(
        malformed(`a v2 response takes 50 bytes, not ${length}`),
      );
  });

  it('refuse addresses that they can’t carry', () => {
    expect(() => encodeAddressV1({ host: '::1', port: 1 })).toThrow(
      new RangeError('::1 is not an IPv4 address; TCPunch v1 and v2 know no other'),
    );
  });

  it.each([
    ['without a name', (bytes: Buffer) => bytes.fill(0, 0, 6), 'a v2 request needs a pairing name'],
    [
      'whose name has no end',
      (bytes: Buffer) => bytes.fill(97, 0, 100),
      'the pairing name of a v2 request must end in a NUL byte',
    ],
    [
      'whose token has no end',
      (bytes: Buffer) => bytes.fill(97, 100, 137),
      'the reconnect token of a v2 request must end in a NUL byte',
    ],
    ['whose name is not UTF-8', (bytes: Buffer) => (bytes[0] = 0xff), 'the pairing name of a v2 request must be UTF-8'],
    [
      'whose token is not UTF-8',
      (bytes: Buffer) => (bytes[100] = 0xff),
      'the reconnect token of a v2 request must be UTF-8',
    ],
  ])('refuse a request %s', (_what, change, message) => {
    expect(() => decodeRequestV2(request((bytes) => void change(bytes)))).toThrow(malformed(message));
  });

  it('keep a mark at the start of a name, which is a part of it', () => {
    expect(decodeRequestV2(encodeRequestV2({ pairingName: '\ufeffa', token })).pairingName).toBe('\ufeffa');
  });

  it('refuse a response with a status of its own, or without the end of its token', () => {
    expect(() => decodeResponseV2(response((bytes) => void (bytes[0] = 4)))).toThrow(malformed('unknown v2 status 4'));
    expect(() => decodeResponseV2(response((bytes) => void bytes.fill(97, 13)))).toThrow(/reconnect token/);
    expect(decodeResponseV2(response(() => undefined)).status).toBe('error');
  });

  it('write no name or token that would not come back', () => {
    const long =
      (length: number): (() => Buffer) =>
      () =>
        encodeRequestV2({ pairingName: 'n'.repeat(length), token: '' });
    expect(long(99)).not.toThrow();
    expect(long(100)).toThrow(new RangeError(`"${'n'.repeat(100)}" must take fewer than 100 bytes and hold no NUL`));
    expect(() => encodeRequestV2({ pairingName: 'a\0b', token: '' })).toThrow(RangeError);
    expect(() => encodeRequestV2({ pairingName: 'a', token: 't'.repeat(37) })).toThrow(/fewer than 37 bytes/);
  });
});

describe('the first bytes of a connection', () => {
  it.each([
    ['none', Buffer.alloc(0), 'more'],
    ['our magic number and more', Buffer.from([0xff, 0x46, 0x4d, 0x49, 1]), 'own'],
    ['the longest v1 name', Buffer.alloc(maxNameV1, 'a'), 'v1-if-silent'],
    ['a v2 request and a byte more', Buffer.alloc(requestBytesV2 + 1, 'a\0'), 'garbage'],
    [
      'a NUL after a name that is too long for v2',
      Buffer.concat([Buffer.alloc(100, 'a'), Buffer.alloc(41)]),
      'garbage',
    ],
  ])('%s', (_what, first, expected) => {
    expect(sniff(first, true)).toBe(expected);
  });
});
