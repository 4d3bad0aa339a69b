/* eslint-disable @typescript-eslint/no-non-null-assertion -- a header is whole, and the frame begun, where they are read; every chunk passes here */
import { crc32 } from 'node:zlib';
import { CorruptFrameError } from '../errors.ts';
import type { Landing } from '../landing.ts';
import type { Slot } from '../operation.ts';
import { release } from '@cosmicai/rendezvous';
import type { Message } from '../value.ts';
import { Checksum, checksumOf } from './checksum.ts';

/**
 * Frame, little-endian:
 *   0 magic u16 | 2 kind u8 | 3 value type u8 | 4 context u32 | 8 sequence u32 | 12 signature u32 | 16 body length u32
 *   20 bytes consumed by the sender of this frame so far of its kind of context, modulo 2^32, u32 | 24 CRC-32 of bytes 0 to 23 | 28 body | checksum of the body u32
 * The header has a checksum of its own so that a damaged length is noticed before anybody waits for that many bytes. That of the body
 * comes last, and not at all for an empty one: so a large body is on its way while its checksum is computed, on both sides.
 */
export const HEADER_BYTES = 28;
export const TRAILER_BYTES = 4;
const MAGIC = 0x4d46;

/** The order is the wire's: append only. `askingData` is data that asks for credit; see `Flow`. */
export const frameKinds = {
  data: 1,
  credit: 2,
  failure: 3,
  enquiry: 4,
  answer: 5,
  goodbye: 6,
  askingData: 7,
  /** Answers a good-bye: everything before it was read. */
  taken: 8,
} as const;
const LAST_KIND = 8;

/** Shorter bodies come in one chunk, and copying them once more costs less than finding their place. */
const WORTH_LANDING = 64 * 1024;

const NO_BYTES = Buffer.alloc(0);

interface Head {
  readonly kind: number;
  readonly type: number;
  readonly slot: Slot;
  readonly length: number;
  readonly consumed: number;
}

export interface FrameHandler {
  /** `body` is the handler's to keep. */
  onFrame(kind: number, slot: Slot, message: Message, consumed: number): void;
  /** Where the one who waits for a message wants it. */
  landingOf?(kind: number, slot: Slot): Landing | undefined;
}

const SUMMED_BYTES = 24;
const scratch = new Uint32Array(HEADER_BYTES / 4);
const scratchBytes = new Uint8Array(scratch.buffer);
const summedBytes = scratchBytes.subarray(0, SUMMED_BYTES);

/** The message's checksum, computed once. */
export function checksum(message: Message): number {
  return (message.checksum ??= checksumOf(message.body));
}

/** Writes the header to the start of `target`. */
export function writeHeader(target: Uint8Array, kind: number, slot: Slot, message: Message, consumed: number): void {
  scratch[0] = MAGIC | (kind << 16) | (message.type << 24);
  scratch[1] = slot.context;
  scratch[2] = slot.sequence;
  scratch[3] = slot.signature;
  scratch[4] = message.body.byteLength;
  scratch[5] = consumed;
  scratch[6] = crc32(summedBytes);
  target.set(scratchBytes);
}

/** Bytes of a whole frame. */
export function frameBytes(message: Message): number {
  const length = message.body.byteLength;
  return HEADER_BYTES + (length === 0 ? 0 : length + TRAILER_BYTES);
}

/** A whole frame in one buffer. */
export function writeFrame(kind: number, slot: Slot, message: Message, consumed: number): Buffer {
  const frame = Buffer.allocUnsafe(frameBytes(message));
  writeHeader(frame, kind, slot, message, consumed);
  const length = message.body.byteLength;
  if (length > 0) {
    frame.set(message.body, HEADER_BYTES);
    frame.writeUInt32LE(checksum(message), HEADER_BYTES + length);
  }
  return frame;
}

/** Takes a stream of bytes apart into frames, synchronously, in chunks as they come. */
export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #from: string;
  readonly #largestBody: number;
  /** Start of a frame or of a trailer that a chunk has cut. */
  readonly #cut = Buffer.allocUnsafeSlow(HEADER_BYTES);
  #cutFilled = 0;
  /** Of the frame whose body is still coming. */
  #head: Head | undefined;
  #body: Uint8Array | undefined;
  #landing: Landing | undefined;
  #bodyFilled = 0;
  #sum: Checksum | undefined;

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
      if (this.#head === undefined) at = this.#readHead(chunk, at);
      else if (this.#bodyFilled < this.#head.length) at = this.#readBody(chunk, at);
      else at = this.#readTrailer(chunk, at);
    }
  }

  #readHead(chunk: Buffer, at: number): number {
    if (this.#cutFilled === 0 && chunk.length - at >= HEADER_BYTES) {
      this.#begin(this.#parseHead(chunk, at));
      return at + HEADER_BYTES;
    }
    const next = this.#fillCut(chunk, at, HEADER_BYTES);
    if (this.#cutFilled === HEADER_BYTES) {
      this.#cutFilled = 0;
      this.#begin(this.#parseHead(this.#cut, 0));
    }
    return next;
  }

  #begin(head: Head): void {
    if (head.length === 0) {
      this.#handler.onFrame(
        head.kind,
        head.slot,
        { type: head.type, body: NO_BYTES, owned: true, checksum: 0 },
        head.consumed,
      );
      return;
    }
    this.#head = head;
    this.#bodyFilled = 0;
    this.#sum = new Checksum(head.length);
  }

  #readBody(chunk: Buffer, at: number): number {
    const head = this.#head!;
    if (this.#landing === undefined) this.#findLanding(head);
    // Memory of its own: the chunk may hold much more than this body, and typed arrays want aligned bytes.
    this.#body ??= Buffer.allocUnsafeSlow(head.length);
    const end = Math.min(at + head.length - this.#bodyFilled, chunk.length);
    const part = at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end);
    this.#body.set(part, this.#bodyFilled);
    // Chunk by chunk, while it is in the processor's cache and the rest is still on its way.
    this.#sum!.update(part);
    this.#bodyFilled += part.length;
    return end;
  }

  /** Looked for with every chunk: a rank may ask for a message when its first bytes have come already. */
  #findLanding({ kind, slot, type, length }: Head): void {
    const landing = length < WORTH_LANDING ? undefined : this.#handler.landingOf?.(kind, slot);
    if (landing?.claim(type, length, () => this.#leaveLanding()) !== true) return;
    this.#landing = landing;
    if (this.#body !== undefined) {
      landing.bytes.set(this.#body.subarray(0, this.#bodyFilled));
      release(this.#body);
    }
    this.#body = landing.bytes;
  }

  /** The operation has ended and its caller has the array back, so the message goes on in memory of its own. */
  #leaveLanding(): void {
    const { bytes } = this.#landing!;
    this.#body = Buffer.allocUnsafeSlow(bytes.length);
    this.#body.set(bytes.subarray(0, this.#bodyFilled));
    this.#landing = undefined;
  }

  #readTrailer(chunk: Buffer, at: number): number {
    let next = at + TRAILER_BYTES;
    let expected: number;
    if (this.#cutFilled === 0 && next <= chunk.length) {
      expected = chunk.readUInt32LE(at);
    } else {
      next = this.#fillCut(chunk, at, TRAILER_BYTES);
      if (this.#cutFilled < TRAILER_BYTES) return next;
      this.#cutFilled = 0;
      expected = this.#cut.readUInt32LE(0);
    }
    const head = this.#head!;
    const body = this.#body!;
    const found = this.#sum!.digest();
    const owned = this.#landing === undefined;
    this.#landing?.land();
    this.#head = undefined;
    this.#body = undefined;
    this.#sum = undefined;
    this.#landing = undefined;
    if (found !== expected) {
      throw new CorruptFrameError(
        `A message of ${body.length} bytes from ${this.#from} has a wrong checksum: the stream is damaged.`,
      );
    }
    this.#handler.onFrame(head.kind, head.slot, { type: head.type, body, owned, checksum: found }, head.consumed);
    return next;
  }

  #fillCut(chunk: Buffer, at: number, wanted: number): number {
    const end = Math.min(at + wanted - this.#cutFilled, chunk.length);
    chunk.copy(this.#cut, this.#cutFilled, at, end);
    this.#cutFilled += end - at;
    return end;
  }

  #parseHead(bytes: Buffer, at: number): Head {
    const kind = bytes[at + 2]!;
    if (bytes.readUInt16LE(at) !== MAGIC || kind === 0 || kind > LAST_KIND) {
      throw new CorruptFrameError(
        `${this.#from} sent bytes that are not a frame (${bytes.toString('hex', at, at + 8)}…): it speaks another protocol, or the stream is damaged.`,
      );
    }
    if (bytes.readUInt32LE(at + SUMMED_BYTES) !== crc32(bytes.subarray(at, at + SUMMED_BYTES))) {
      throw new CorruptFrameError(`A frame header from ${this.#from} has a wrong checksum: the stream is damaged.`);
    }
    const length = bytes.readUInt32LE(at + 16);
    if (length > this.#largestBody) {
      throw new CorruptFrameError(
        `${this.#from} sent a message of ${length} bytes; allowed: ${this.#largestBody}. Raise memoryMiB on every rank.`,
      );
    }
    return {
      kind,
      type: bytes[at + 3]!,
      slot: {
        context: bytes.readUInt32LE(at + 4),
        sequence: bytes.readUInt32LE(at + 8),
        signature: bytes.readUInt32LE(at + 12),
      },
      length,
      consumed: bytes.readUInt32LE(at + 20),
    };
  }
}
