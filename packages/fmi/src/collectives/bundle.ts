import { MessageError } from '../errors.ts';
import type { Message } from '../value.ts';

// count u32, then for each message its type u32 and length u32, then the bodies, each at a multiple of 8 for typed arrays.
const ALIGNMENT = 8;
const align = (at: number): number => Math.ceil(at / ALIGNMENT) * ALIGNMENT;

/** Several messages as one. */
export function bundle(messages: readonly Message[]): Message {
  let at = align(4 + 8 * messages.length);
  const offsets = messages.map((message) => {
    const offset = at;
    at = align(at + message.body.byteLength);
    return offset;
  });
  const body = Buffer.alloc(at);
  body.writeUInt32LE(messages.length, 0);
  messages.forEach((message, i) => {
    body.writeUInt32LE(message.type, 4 + 8 * i);
    body.writeUInt32LE(message.body.byteLength, 8 + 8 * i);
    body.set(message.body, offsets[i]);
  });
  return { type: 0, body, owned: true };
}

/** @throws MessageError when the bytes are not a bundle */
export function unbundle(message: Message): Message[] {
  const bytes = Buffer.from(message.body.buffer, message.body.byteOffset, message.body.byteLength);
  const count = bytes.length < 4 ? -1 : bytes.readUInt32LE(0);
  let at = align(4 + 8 * count);
  if (count < 0 || at > bytes.length)
    throw new MessageError(`${bytes.length} bytes arrived that are not a bundle of messages.`);
  return Array.from({ length: count }, (_, i) => {
    const length = bytes.readUInt32LE(8 + 8 * i);
    if (at + length > bytes.length)
      throw new MessageError(`A bundle of ${bytes.length} bytes ends within message ${i}.`);
    const body = bytes.subarray(at, at + length);
    at = align(at + length);
    return { type: bytes.readUInt32LE(4 + 8 * i), body, owned: false };
  });
}
