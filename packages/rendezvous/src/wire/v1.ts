import { isIPv4 } from 'node:net';
import type { Endpoint } from '../peer-link.ts';
import { MalformedMessageError } from './fields.ts';

/** TCPunch v1: a name without terminator or length, answered by addresses of 8 bytes. */
export const maxNameV1 = 99;
export const addressBytesV1 = 8;

/** IPv4 [4], port [2], both in network order, and two bytes of padding. */
export function encodeAddressV1({ host, port }: Endpoint): Buffer {
  const out = Buffer.alloc(addressBytesV1);
  ipv4Bytes(host).copy(out);
  out.writeUInt16BE(port, 4);
  return out;
}

export function decodeAddressV1(from: Buffer): Endpoint {
  if (from.length !== addressBytesV1) {
    throw new MalformedMessageError(`a v1 address takes ${addressBytesV1} bytes, not ${from.length}`);
  }
  return { host: ipv4Text(from.subarray(0, 4)), port: from.readUInt16BE(4) };
}

/** The four bytes of a dotted IPv4 address. */
export function ipv4Bytes(host: string): Buffer {
  if (!isIPv4(host)) throw new RangeError(`${host} is not an IPv4 address; TCPunch v1 and v2 know no other`);
  return Buffer.from(host.split('.').map(Number));
}

export function ipv4Text(from: Buffer): string {
  return [...from].join('.');
}
