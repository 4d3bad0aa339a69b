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

/** What a file has of the columns that are kept. */
export interface CarryingFile {
  /** For messages. */
  readonly name: string;
  readonly kinds: readonly CarriedKind[];
}

/**
 * The columns that are kept of several files, in types that hold the values of all of them.
 *
 * @throws UserInputError for a column that a file lacks, or whose types have no such type, as text and numbers have none
 */
export function commonKinds(files: readonly CarryingFile[]): readonly CarriedKind[] {
  const [first, ...others] = files;
  return (first?.kinds ?? []).map(({ name, type }) => {
    let common = type;
    for (const file of others) {
      const found = file.kinds.find((kind) => kind.name === name)?.type;
      const wide = found && widerOf(common, found);
      if (wide === undefined)
        throw otherKind(name, found, file.name, `${common} in ${first?.name ?? ''} and the files after it`);
      common = wide;
    }
    return { name, type: common };
  });
}

/** Whole numbers from the narrowest on, with all types that hold their values. */
const HOLDS: Readonly<Record<CarriedKind['type'], readonly CarriedKind['type'][]>> = {
  uint8: ['int16', 'uint16', 'int32', 'uint32', 'int64', 'float32', 'float64'],
  int8: ['int16', 'int32', 'int64', 'float32', 'float64'],
  uint16: ['int32', 'uint32', 'int64', 'float32', 'float64'],
  int16: ['int32', 'int64', 'float32', 'float64'],
  uint32: ['int64', 'float64'],
  int32: ['int64', 'float64'],
  float32: ['float64'],
  int64: [],
  uint64: [],
  float64: [],
  bool: [],
  text: [],
};

/** The narrowest type that holds the values of both, bit for bit; undefined: there is none. */
function widerOf(one: CarriedKind['type'], other: CarriedKind['type']): CarriedKind['type'] | undefined {
  return [one, ...HOLDS[one]].find((type) => type === other || HOLDS[other].includes(type));
}

function otherKind(name: string, found: string | undefined, file: string, expected: string): UserInputError {
  const is = found === undefined ? 'is not there' : `is ${found}`;
  return new UserInputError(
    `The column ${name}, which is kept, ${is} in ${file} and ${expected}, and no type holds both. Leave it out of what is kept, or run the files one by one.`,
  );
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
      if (column === undefined || widerOf(kind.type, column.type) !== kind.type)
        throw otherKind(kind.name, column?.type, partition, `${kind.type} in the files before it`);
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
