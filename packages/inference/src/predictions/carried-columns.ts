import { otherKind, widerKind, type CarriedKind } from '@cosmicai/samples';
import type { ColumnSource } from 'hyparquet-writer';
import type { PredictedSamples } from '../predict-partition.ts';

/** Types of Parquet that hold all values of a type; those of uint64 become text, as not all of them fit. */
const PARQUET = {
  float64: 'DOUBLE',
  float32: 'FLOAT',
  int64: 'INT64',
  int32: 'INT32',
  int16: 'INT32',
  int8: 'INT32',
  uint64: 'STRING',
  uint32: 'INT64',
  uint16: 'INT32',
  uint8: 'INT32',
  bool: 'BOOLEAN',
  text: 'STRING',
} as const satisfies Readonly<Record<CarriedKind['type'], ColumnSource['type']>>;

export function carriedKinds({ carried = [] }: Pick<PredictedSamples, 'carried'>): readonly CarriedKind[] {
  return carried.map(({ name, type }) => ({ name, type }));
}

type CarriedCell = number | bigint | string | boolean | null;

/** Values of carried columns for the rows of a group. */
export class CarriedRows {
  readonly #columns: readonly { readonly kind: CarriedKind; readonly values: CarriedCell[] }[];

  constructor(kinds: readonly CarriedKind[]) {
    this.#columns = kinds.map((kind) => ({ kind, values: [] }));
  }

  /** @throws UserInputError when a column is of a type whose values those of the file's column don't hold */
  add(
    partition: string,
    { carried = [] }: Pick<PredictedSamples, 'carried'>,
    [first, end]: readonly [number, number],
  ): void {
    for (const { kind, values } of this.#columns) {
      const column = carried.find(({ name }) => name === kind.name);
      if (column === undefined || widerKind(kind.type, column.type) !== kind.type)
        throw otherKind(
          kind.name,
          column?.type,
          partition,
          `${kind.type} in the files that were looked at before, which doesn't hold its values`,
        );
      for (let sample = first; sample < end; sample += 1) values.push(stored(kind.type, column.values[sample] ?? null));
    }
  }

  clear(): void {
    for (const { values } of this.#columns) values.length = 0;
  }

  columns(): { readonly name: string; readonly type: ColumnSource['type']; readonly data: ColumnSource['data'] }[] {
    return this.#columns.map(({ kind, values }) => ({ name: kind.name, type: PARQUET[kind.type], data: values }));
  }
}

function stored(type: CarriedKind['type'], value: CarriedCell): CarriedCell {
  if (value === null) return null;
  switch (PARQUET[type]) {
    case 'STRING':
      return String(value);
    case 'INT64':
      return BigInt(value);
    case 'BOOLEAN':
      return Boolean(Number(value));
    default:
      return Number(value);
  }
}
