import type { Endpoint } from '../peer-link.ts';
import { MalformedMessageError } from './fields.ts';
import { ipv4Bytes, ipv4Text } from './v1.ts';

/** Name field with its NUL, reconnect token (a UUID's text with its NUL), four bytes of flags. */
export const nameBytesV2 = 100;
const tokenBytes = 37;
export const requestBytesV2: number = nameBytesV2 + tokenBytes + 4;
/** Status, own address and port, peer's address and port, token. The original's text says 51; its code sends 50. */
export const responseBytesV2: number = 1 + 4 + 2 + 4 + 2 + tokenBytes;

const statuses = ['waiting', 'paired', 'timeout', 'error'] as const;
export type StatusV2 = (typeof statuses)[number];

export interface RequestV2 {
  readonly pairingName: string;
  /** Empty, or the token of an earlier response: take the same place again. */
  readonly token: string;
}

export interface ResponseV2 {
  readonly status: StatusV2;
  readonly you: Endpoint | undefined;
  readonly peer: Endpoint | undefined;
  readonly token: string;
}

export function encodeRequestV2({ pairingName, token }: RequestV2): Buffer {
  return Buffer.concat([terminated(pairingName, nameBytesV2), terminated(token, tokenBytes), Buffer.alloc(4)]);
}

export function decodeRequestV2(from: Buffer): RequestV2 {
  if (from.length !== requestBytesV2) {
    throw new MalformedMessageError(`a v2 request takes ${requestBytesV2} bytes, not ${from.length}`);
  }
  const pairingName = untilNul(from.subarray(0, nameBytesV2), 'pairing name');
  if (pairingName === '') throw new MalformedMessageError('a v2 request needs a pairing name');
  return { pairingName, token: untilNul(from.subarray(nameBytesV2, nameBytesV2 + tokenBytes), 'reconnect token') };
}

export function encodeResponseV2({ status, you, peer, token }: ResponseV2): Buffer {
  return Buffer.concat([
    Buffer.of(statuses.indexOf(status)),
    address(you),
    address(peer),
    terminated(token, tokenBytes),
  ]);
}

export function decodeResponseV2(from: Buffer): ResponseV2 {
  if (from.length !== responseBytesV2) {
    throw new MalformedMessageError(`a v2 response takes ${responseBytesV2} bytes, not ${from.length}`);
  }
  const status = statuses[from.readUInt8(0)];
  if (status === undefined) throw new MalformedMessageError(`unknown v2 status ${from.readUInt8(0)}`);
  return {
    status,
    you: readAddress(from.subarray(1, 7)),
    peer: readAddress(from.subarray(7, 13)),
    token: untilNul(from.subarray(13), 'reconnect token'),
  };
}

function address(of: Endpoint | undefined): Buffer {
  const out = Buffer.alloc(6);
  if (of === undefined) return out;
  ipv4Bytes(of.host).copy(out);
  out.writeUInt16BE(of.port, 4);
  return out;
}

function readAddress(from: Buffer): Endpoint | undefined {
  const port = from.readUInt16BE(4);
  return port === 0 ? undefined : { host: ipv4Text(from.subarray(0, 4)), port };
}

function terminated(value: string, width: number): Buffer {
  const encoded = Buffer.from(value);
  if (encoded.length >= width || encoded.includes(0)) {
    throw new RangeError(`${JSON.stringify(value)} must take fewer than ${width} bytes and hold no NUL`);
  }
  const out = Buffer.alloc(width);
  encoded.copy(out);
  return out;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function untilNul(from: Buffer, what: string): string {
  const end = from.indexOf(0);
  if (end < 0) throw new MalformedMessageError(`the ${what} of a v2 request must end in a NUL byte`);
  try {
    return utf8.decode(from.subarray(0, end));
  } catch {
    throw new MalformedMessageError(`the ${what} of a v2 request must be UTF-8`);
  }
}
