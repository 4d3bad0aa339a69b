import { open, type FileHandle } from 'node:fs/promises';
import { UserInputError } from '@cosmicai/payload';

/** Field numbers of ModelProto and StringStringEntryProto in onnx.proto. */
const METADATA_PROPS = 14;
const KEY = 1;
const VALUE = 2;
const LENGTH_DELIMITED = 2;
/** Of one entry; more is no text that somebody wrote. */
const LONGEST_ENTRY = 16 * 1024 * 1024;
/** A tag and a length, as varints. */
const HEAD_BYTES = 20;

/**
 * The metadata_props of an ONNX file, read by skipping the graph: some reads of a few bytes, whatever the model's size.
 *
 * @returns what could be read: a file that is no ONNX has none, which is for whoever loads it to say
 * @throws UserInputError when the file can't be read
 */
export async function readOnnxMetadata(path: string): Promise<ReadonlyMap<string, string>> {
  const metadata = new Map<string, string>();
  for await (const { key, value } of entriesOf(path)) metadata.set(key, value);
  return metadata;
}

/** The bytes of an ONNX file with one entry of its metadata_props set, in place of an earlier one of that key. */
export function withMetadata(model: Uint8Array, key: string, value: string): Uint8Array {
  const bytes = Buffer.from(model.buffer, model.byteOffset, model.byteLength);
  const kept: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const field = fieldIn(bytes, at);
    if (field === undefined || field.end > bytes.length) {
      kept.push(bytes.subarray(at));
      break;
    }
    const isReplaced = field.number === METADATA_PROPS && entryOf(bytes.subarray(field.start, field.end)).key === key;
    if (!isReplaced) kept.push(bytes.subarray(at, field.end));
    at = field.end;
  }
  const entry = Buffer.concat([delimited(KEY, Buffer.from(key)), delimited(VALUE, Buffer.from(value))]);
  return Buffer.concat([...kept, delimited(METADATA_PROPS, entry)]);
}

interface Entry {
  readonly key: string;
  readonly value: string;
}

async function* entriesOf(path: string): AsyncGenerator<Entry> {
  const file = await open(path).catch((error: unknown) => {
    throw new UserInputError(`The model file ${path} can't be read: ${(error as Error).message}`, { cause: error });
  });
  try {
    const { size } = await file.stat();
    for (let at = 0; at < size;) {
      const field = await fieldAt(file, at);
      if (field === undefined || field.end > size) break;
      if (field.number === METADATA_PROPS && field.end - field.start <= LONGEST_ENTRY) {
        yield entryOf(await bytesOf(file, field.start, field.end - field.start));
      }
      at = field.end;
    }
  } finally {
    await file.close();
  }
}

interface Field {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

async function fieldAt(file: FileHandle, at: number): Promise<Field | undefined> {
  return fieldIn(await bytesOf(file, at, HEAD_BYTES), 0, at);
}

/** The field at an index of the bytes, which begin at `base` of the file. */
function fieldIn(bytes: Buffer, index: number, base = 0): Field | undefined {
  const tag = varint(bytes, index);
  if (tag === undefined) return undefined;
  const number = Math.floor(tag.value / 8);
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

function entryOf(bytes: Buffer): Entry {
  const entry = { key: '', value: '' };
  for (let at = 0; at < bytes.length;) {
    const field = fieldIn(bytes, at);
    if (field === undefined || field.end > bytes.length) break;
    if (field.number === KEY) entry.key = bytes.toString('utf8', field.start, field.end);
    if (field.number === VALUE) entry.value = bytes.toString('utf8', field.start, field.end);
    at = field.end;
  }
  return entry;
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

async function bytesOf(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, at);
  return buffer.subarray(0, bytesRead);
}

/** A field of bytes with its tag and length. */
function delimited(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([writtenVarint(number * 8 + LENGTH_DELIMITED), writtenVarint(bytes.length), bytes]);
}

function writtenVarint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) + (rest >= 128 ? 0x80 : 0));
    if (rest < 128) return Buffer.from(bytes);
  }
}
