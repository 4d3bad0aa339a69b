import { littleEndianBytes, stateDictStream, type TorchValue } from '@cosmicai/torchfile';
import { newNumbers, put } from '../new-values.ts';
import type { ColumnValues, SampleBatch, ValueType } from '../source.ts';
import type { KeptColumn } from '../columns/kept.ts';
import type { Rows } from './rows.ts';

/** The types that torch has for values; those of uint64 become text, as not all of them fit int64. */
const STORED = {
  float64: 'float64',
  float32: 'float32',
  int64: 'int64',
  int32: 'int32',
  int16: 'int16',
  int8: 'int8',
  uint64: 'text',
  uint32: 'int64',
  uint16: 'int32',
  uint8: 'uint8',
  bool: 'bool',
  text: 'text',
} as const satisfies Record<ValueType, ValueType>;

type Stored = (typeof STORED)[ValueType];
type NumberColumn = KeptColumn & { readonly stored: Exclude<Stored, 'text'> };

/** Nominal bytes of a text in a partition. */
const TEXT_BYTES = 32;
/** Numbers of a sample that take as much pass through a few rows at a time; others are held for a partition. */
const LARGE_BYTES = 1024;

const isText = ({ column }: KeptColumn): boolean => STORED[column.type] === 'text';

const sizeOf = ({ column }: KeptColumn): number => column.shape.reduce((product, size) => product * size, 1);

function bytesOf(kept: KeptColumn): number {
  const stored = STORED[kept.column.type];
  return sizeOf(kept) * (stored === 'text' ? TEXT_BYTES : newNumbers(stored, 1).byteLength);
}

/** Bytes that a sample takes in a partition, about. */
export function sampleBytes(columns: readonly KeptColumn[]): number {
  return Math.max(
    1,
    columns.reduce((sum, kept) => sum + bytesOf(kept), 0),
  );
}

/** Whether a column is images or the like, which needn't be held. */
export function isLarge(kept: KeptColumn): boolean {
  return !isText(kept) && bytesOf(kept) >= LARGE_BYTES;
}

/** A column and where its rows come from. */
export interface ColumnRows {
  readonly kept: KeptColumn;
  /** Those of a large column have no other column; others have theirs in common. */
  readonly rows: Rows;
}

/**
 * The next samples as a dict of tensors, and of lists of texts, as torch.save writes it. What is large passes through as it is
 * read; the rest is read before.
 *
 * @param count samples, which are there
 */
export async function* partitionContent(columns: readonly ColumnRows[], count: number): AsyncGenerator<Uint8Array> {
  const small = columns.filter(({ kept }) => !isLarge(kept));
  const held = await heldOf(small, count);
  const entries = columns.map(({ kept, rows }): [string, TorchValue] => {
    const { name, column } = kept;
    const stored = STORED[column.type];
    const values = held.get(kept);
    if (Array.isArray(values)) return [name, nested(values, column.shape)];
    if (stored === 'text') throw new TypeError(`texts of ${name} are not held`);
    const shape = [count, ...column.shape];
    if (values !== undefined) return [name, { dtype: stored, shape, data: values }];
    const content = passing({ ...kept, stored }, rows, count);
    return [name, { dtype: stored, shape, content }];
  });
  yield* stateDictStream(new Map(entries));
}

async function heldOf(small: readonly ColumnRows[], count: number): Promise<ReadonlyMap<KeptColumn, Held>> {
  const held = new Map(small.map(({ kept }) => [kept, roomFor(kept, count)]));
  const [first] = small;
  let done = 0;
  if (first !== undefined)
    for await (const { values, count: rows } of first.rows.next(count)) {
      for (const [kept, room] of held) {
        const part = values.get(kept.column.name) ?? [];
        if (Array.isArray(room)) for (const value of part) room.push(String(value));
        else if (ArrayBuffer.isView(part)) put(room, part, done * sizeOf(kept));
      }
      done += rows;
    }
  return held;
}

type Held = string[] | Exclude<ColumnValues, readonly string[]>;

function roomFor(kept: KeptColumn, count: number): Held {
  const stored = STORED[kept.column.type];
  return stored === 'text' ? [] : newNumbers(stored, count * sizeOf(kept));
}

async function* passing({ column, stored }: NumberColumn, rows: Rows, count: number): AsyncGenerator<Uint8Array> {
  for await (const { values } of rows.next(count)) {
    const part = numbersOf(values, column.name);
    if (stored === column.type) {
      yield littleEndianBytes(part);
      continue;
    }
    const room = newNumbers(stored, part.length);
    put(room, part, 0);
    yield littleEndianBytes(room);
  }
}

function numbersOf(values: SampleBatch['values'], name: string): Exclude<ColumnValues, readonly string[]> {
  const part = values.get(name);
  if (ArrayBuffer.isView(part)) return part;
  throw new TypeError(`${name} is handed out as text`);
}

/** Texts of several for each sample are lists of lists. */
function nested(texts: readonly string[], shape: readonly number[]): TorchValue {
  const [size, ...rest] = shape;
  if (size === undefined) return texts;
  const width = shape.reduce((product, length) => product * length, 1);
  return Array.from({ length: texts.length / width }, (_, at) =>
    nested(texts.slice(at * width, (at + 1) * width), rest.length === 0 ? [] : rest),
  );
}
