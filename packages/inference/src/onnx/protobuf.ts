import { closeSync, openSync, readSync, fstatSync } from 'node:fs';
import { UserInputError } from '@cosmicai/payload';

export const LENGTH_DELIMITED = 2;
/** Read at a time: weights are skipped, and what describes a model lies close together. */
const WINDOW_BYTES = 4096;
/** A tag and a length, as varints. */
const HEAD_BYTES = 20;

/** A field of a protobuf message: where its value lies. */
export interface Field {
  readonly number: number;
  /** First byte of the value; of a varint the varint itself. */
  readonly start: number;
  readonly end: number;
}

/** Protobuf of which only what is asked for is looked at. */
export abstract class ProtobufReader {
  /** How messages name where it is from. */
  readonly label: string;
  abstract readonly size: number;

  constructor(label: string) {
    this.label = label;
  }

  /** Bytes from a place on, fewer at the end. */
  abstract bytes(start: number, length: number): Buffer;

  text({ start, end }: Field): string {
    return this.bytes(start, end - start).toString('utf8');
  }

  /** Value of a varint field. */
  integer({ start, end }: Field): number {
    return varint(this.bytes(start, end - start), 0)?.value ?? 0;
  }

  /** The fields between two places; ends early where the bytes are not protobuf or a field would end behind `end`. */
  *fields(start: number, end: number): Generator<Field> {
    for (let at = start; at < end;) {
      const field = fieldIn(this.bytes(at, HEAD_BYTES), 0, at);
      if (field === undefined || field.end > end) return;
      yield field;
      at = field.end;
    }
  }
}

export class ProtobufBytes extends ProtobufReader {
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array, label: string) {
    super(label);
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get size(): number {
    return this.#bytes.length;
  }

  bytes(start: number, length: number): Buffer {
    return this.#bytes.subarray(start, start + length);
  }
}

export class ProtobufFile extends ProtobufReader {
  readonly size: number;
  readonly #file: number;
  #window: Buffer = Buffer.alloc(0);
  #windowStart = 0;

  /** @throws UserInputError when the file can't be read */
  constructor(path: string, label = path) {
    super(label);
    try {
      this.#file = openSync(path, 'r');
    } catch (error) {
      throw new UserInputError(`The model file ${label} can't be read: ${(error as Error).message}`, { cause: error });
    }
    this.size = fstatSync(this.#file).size;
  }

  close(): void {
    closeSync(this.#file);
  }

  bytes(start: number, length: number): Buffer {
    if (start < this.#windowStart || start + length > this.#windowStart + this.#window.length) {
      const buffer = Buffer.alloc(Math.max(length, WINDOW_BYTES));
      const read = readSync(this.#file, buffer, 0, buffer.length, start);
      this.#window = buffer.subarray(0, read);
      this.#windowStart = start;
    }
    return this.#window.subarray(start - this.#windowStart, start - this.#windowStart + length);
  }
}

/** The field at an index of the bytes, which begin at `base` of the file. */
export function fieldIn(bytes: Buffer, index: number, base = 0): Field | undefined {
  const tag = varint(bytes, index);
  if (tag === undefined) return undefined;
  const number = Math.floor(tag.value / 8);
  if (number === 0) return undefined;
  const start = base + tag.next;
  switch (tag.value % 8) {
    case 0: {
      const value = varint(bytes, tag.next);
      return value && { number, start, end: base + value.next };
    }
    case 1:
      return { number, start, end: start + 8 };
    case LENGTH_DELIMITED: {
      const length = varint(bytes, tag.next);
      return length && { number, start: base + length.next, end: base + length.next + length.value };
    }
    case 5:
      return { number, start, end: start + 4 };
    default:
      return undefined;
  }
}

function varint(bytes: Buffer, at: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let shift = 0; shift < 10; shift++) {
    const byte = bytes[at + shift];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * shift);
    if (byte < 0x80) return { value, next: at + shift + 1 };
  }
  return undefined;
}

/** A field of bytes with its tag and length. */
export function delimited(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([writtenVarint(number * 8 + LENGTH_DELIMITED), writtenVarint(bytes.length), bytes]);
}

function writtenVarint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) + (rest >= 128 ? 0x80 : 0));
    if (rest < 128) return Buffer.from(bytes);
  }
}
