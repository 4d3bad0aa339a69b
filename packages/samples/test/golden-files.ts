import { NUMBER_ARRAYS } from '@cosmicai/payload';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ColumnValues, ValueType } from '../src/source.ts';

/** Files that training/golden/make_sample_golden.py made, and what PyTorch or NumPy reads from them. */
const FOLDER = join(import.meta.dirname, 'golden');

interface GoldenColumn {
  readonly type: ValueType;
  readonly shape: readonly number[];
  readonly values: readonly string[];
}

const GOLDEN = JSON.parse(readFileSync(join(FOLDER, 'samples.json'), 'utf8')) as Readonly<
  Record<string, Readonly<Record<string, GoldenColumn>>>
>;

export const goldenNames = (ending: string): string[] => Object.keys(GOLDEN).filter((name) => name.endsWith(ending));

export const goldenBytes = (name: string): Uint8Array => new Uint8Array(readFileSync(join(FOLDER, name)));

/** Columns as they are declared. */
export function goldenColumns(name: string): { name: string; type: ValueType; shape: readonly number[] }[] {
  return Object.entries(GOLDEN[name] ?? {}).map(([column, { type, shape }]) => ({ name: column, type, shape }));
}

/** All values of each column, as a suite of sources takes them. */
export function goldenContent(name: string): Map<string, ColumnValues> {
  return new Map(Object.entries(GOLDEN[name] ?? {}).map(([column, golden]) => [column, valuesOf(golden)]));
}

function valuesOf({ type, values }: GoldenColumn): ColumnValues {
  if (type === 'text') return values;
  const ArrayType = NUMBER_ARRAYS[type] as unknown as { from(items: readonly (number | bigint)[]): ColumnValues };
  const isBig = type === 'int64' || type === 'uint64';
  return ArrayType.from(
    values.map((text) => (isBig ? BigInt(text) : Number(text === 'nan' ? NaN : text.replace('inf', 'Infinity')))),
  );
}
