import { UserInputError } from '@cosmicai/payload';
import type { CarriedColumn } from '@cosmicai/samples';
import type { ColumnSource } from 'hyparquet-writer';
import type { PredictedSamples } from '../predict-partition.ts';

/** What a column that travels with the predictions is, in every file of a rank. */
export type CarriedKind = Pick<CarriedColumn, 'name' | 'type'>;

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

/** Values of carried columns for the rows of a group. */
export class CarriedRows {
  readonly #columns: readonly { readonly kind: CarriedKind; readonly values: (number | bigint | string | boolean)[] }[];

  constructor(kinds: readonly CarriedKind[]) {
    this.#columns = kinds.map((kind) => ({ kind, values: [] }));
  }

  /** @throws UserInputError when a column is of another type than in the files before */
  add(
    partition: string,
    { carried = [] }: Pick<PredictedSamples, 'carried'>,
    [first, end]: readonly [number, number],
  ): void {
    for (const { kind, values } of this.#columns) {
      const column = carried.find(({ name }) => name === kind.name);
      if (column?.type !== kind.type) {
        const found = column === undefined ? 'is not there' : `is ${column.type}`;
        throw new UserInputError(
          `The column ${kind.name}, which is kept, ${found} in ${partition} and ${kind.type} in the files before it. Leave it out of what is kept, or run the files one by one.`,
        );
      }
      for (let sample = first; sample < end; sample += 1) values.push(stored(kind.type, column.values[sample] ?? 0));
    }
  }

  clear(): void {
    for (const { values } of this.#columns) values.length = 0;
  }

  columns(): { readonly name: string; readonly type: ColumnSource['type']; readonly data: ColumnSource['data'] }[] {
    return this.#columns.map(({ kind, values }) => ({ name: kind.name, type: PARQUET[kind.type], data: values }));
  }
}

function stored(
  type: CarriedKind['type'],
  value: number | bigint | string | boolean,
): number | bigint | string | boolean {
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
