import { delimited, fieldIn, type Field, type ProtobufReader } from './protobuf.ts';

/** Field number of metadata_props in ModelProto, and those of a StringStringEntryProto, in onnx.proto. */
export const METADATA_PROPS = 14;
const KEY = 1;
const VALUE = 2;
/** Of one entry; more is not text that somebody wrote. */
const LONGEST_ENTRY = 16 * 1024 * 1024;

export interface Entry {
  readonly key: string;
  readonly value: string;
}

/** A StringStringEntryProto of a file; empty where it is too long to be one. */
export function entryAt(file: ProtobufReader, { start, end }: Field): Entry {
  return end - start > LONGEST_ENTRY ? { key: '', value: '' } : entryOf(file.bytes(start, end - start));
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
