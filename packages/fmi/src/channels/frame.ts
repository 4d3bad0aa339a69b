import { crc32 } from 'node:zlib';
import { CorruptFrameError } from '../errors.ts';
import type { Slot } from '../operation.ts';
import type { Message } from '../value.ts';

/**
 * Frame, little-endian:
 *   0 magic u16 | 2 kind u8 | 3 value type u8 | 4 context u32 | 8 sequence u32 | 12 signature u32 | 16 body length u32
 *   20 bytes consumed by the sender of this frame so far, modulo 2^32, u32 | 24 CRC-32 of the body | 28 CRC-32 of bytes 0 to 27
 * The header has a checksum of its own so that a damaged length is noticed before anybody waits for that many bytes.
 */
export const HEADER_BYTES = 32;
const MAGIC = 0x4d46;

/** The order is the wire's: append only. */
export const frameKinds = { data: 1, credit: 2, failure: 3, enquiry: 4, answer: 5, goodbye: 6 } as const;
const LAST_KIND = 6;

export interface FrameHandler {
  /** `body` is the handler's to keep. */
  onFrame(kind: number, slot: Slot, message: Message, consumed: number): void;
}

const scratch = new Uint32Array(HEADER_BYTES / 4);
const scratchBytes = new Uint8Array(scratch.buffer);
const summedBytes = scratchBytes.subarray(0, 28);

export function checksum(message: Message): number {
  return (message.crc ??= message.body.byteLength === 0 ? 0 : crc32(message.body));
}

/** Writes the header into `target` at `offset`. */
export function writeHeader(
  target: Uint8Array,
  offset: number,
  kind: number,
  slot: Slot,
  message: Message,
  consumed: number,
): void {
  scratch[0] = MAGIC | (kind << 16) | (message.type << 24);
  scratch[1] = slot.context;
  scratch[2] = slot.sequence;
  scratch[3] = slot.signature;
  scratch[4] = message.body.byteLength;
  scratch[5] = consumed;
  scratch[6] = checksum(message);
  scratch[7] = crc32(summedBytes);
  target.set(scratchBytes, offset);
}

/** Takes a stream of bytes apart into frames, synchronously, in chunks as they come. */
export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #from: string;
  readonly #largestBody: number;
  readonly #header = Buffer.allocUnsafeSlow(HEADER_BYTES);
  #headerFilled = 0;
  #body: Buffer | undefined;
  #bodyFilled = 0;

  /** @param from names the sender in error messages */
  constructor(handler: FrameHandler, from: string, largestBody: number) {
    this.#handler = handler;
    this.#from = from;
    this.#largestBody = largestBody;
  }

  /** @throws CorruptFrameError; the stream is unusable from then on */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#body !== undefined) {
        const wanted = Math.min(this.#body.length - this.#bodyFilled, chunk.length - at);
        chunk.copy(this.#body, this.#bodyFilled, at, at + wanted);
        this.#bodyFilled += wanted;
        at += wanted;
        if (this.#bodyFilled < this.#body.length) return;
        const body = this.#body;
        this.#body = undefined;
        this.#deliver(this.#header, 0, body);
        continue;
      }
      let header: Buffer = chunk;
      let headerAt = at;
      if (this.#headerFilled > 0 || chunk.length - at < HEADER_BYTES) {
        const wanted = Math.min(HEADER_BYTES - this.#headerFilled, chunk.length - at);
        chunk.copy(this.#header, this.#headerFilled, at, at + wanted);
        this.#headerFilled += wanted;
        at += wanted;
        if (this.#headerFilled < HEADER_BYTES) return;
        this.#headerFilled = 0;
        header = this.#header;
        headerAt = 0;
      } else {
        at += HEADER_BYTES;
      }
      const length = this.#checkHeader(header, headerAt);
      if (length <= chunk.length - at) {
        // A copy: the chunk may hold much more, and typed arrays want aligned memory.
        const body = Buffer.allocUnsafeSlow(length);
        chunk.copy(body, 0, at, at + length);
        at += length;
        this.#deliver(header, headerAt, body);
      } else {
        if (header !== this.#header) header.copy(this.#header, 0, headerAt, headerAt + HEADER_BYTES);
        this.#body = Buffer.allocUnsafeSlow(length);
        this.#bodyFilled = 0;
      }
    }
  }

  #checkHeader(header: Buffer, at: number): number {
    if (header.readUInt16LE(at) !== MAGIC || header[at + 2]! > LAST_KIND) {
      throw new CorruptFrameError(
        `${this.#from} sent bytes that are no frame (${header.toString('hex', at, at + 8)}…): it speaks another protocol, or the stream is damaged.`,
      );
    }
    if (header.readUInt32LE(at + 28) !== crc32(header.subarray(at, at + 28))) {
      throw new CorruptFrameError(`A frame header from ${this.#from} has a wrong checksum: the stream is damaged.`);
    }
    const length = header.readUInt32LE(at + 16);
    if (length > this.#largestBody) {
      throw new CorruptFrameError(
        `${this.#from} sent a message of ${length} bytes; allowed: ${this.#largestBody}. Raise memoryMiB on every rank.`,
      );
    }
    return length;
  }

  #deliver(header: Buffer, at: number, body: Buffer): void {
    const crc = header.readUInt32LE(at + 24);
    if (crc !== (body.length === 0 ? 0 : crc32(body))) {
      throw new CorruptFrameError(
        `A message of ${body.length} bytes from ${this.#from} has a wrong checksum: the stream is damaged.`,
      );
    }
    const slot = {
      context: header.readUInt32LE(at + 4),
      sequence: header.readUInt32LE(at + 8),
      signature: header.readUInt32LE(at + 12),
    };
    const message: Message = { type: header[at + 3]!, body, owned: true, crc };
    this.#handler.onFrame(header[at + 2]!, slot, message, header.readUInt32LE(at + 20));
  }
}
