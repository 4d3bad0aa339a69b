import type { ColumnValues, ValueType } from '../source.ts';

/** A dataset of an HDF5 file. */
export interface Hdf5Dataset {
  /** Its groups and name: `photometry/mag_g`. */
  readonly path: string;
  /** Undefined: it can't be read, as `problem` says. */
  readonly type: ValueType | undefined;
  readonly shape: readonly number[];
  /** As said after its name. */
  readonly problem?: string;
  /** Of a column of a table (a compound type): the table's path. */
  readonly table?: string;
  /** Whether its chunks have sums. */
  readonly summed: boolean;
}

/** What the thread is asked for. */
export type Hdf5Request =
  | { readonly type: 'open'; readonly id: number; readonly file: number; readonly size: number }
  | {
      readonly type: 'read';
      readonly id: number;
      readonly file: number;
      readonly size: number;
      readonly from: number;
      readonly to: number;
      readonly datasets: readonly Pick<Hdf5Dataset, 'path' | 'table'>[];
    };

/** What the thread says. While it asks for bytes it waits, until they are in the shared memory. */
export type Hdf5Message =
  | { readonly type: 'bytes'; readonly id: number; readonly start: number; readonly end: number }
  | { readonly type: 'opened'; readonly id: number; readonly datasets: readonly Hdf5Dataset[] }
  | { readonly type: 'values'; readonly id: number; readonly values: ReadonlyMap<string, ColumnValues> }
  /** `isBroken`: the library itself is of no use any more, and the thread ends. */
  | { readonly type: 'failed'; readonly id: number; readonly reason: string; readonly isBroken: boolean };

/** Of the shared memory: a number that says whether the bytes are there, and then the bytes. */
export const STATE_BYTES = 8;
export const SHARED_BYTES = 4 * 2 ** 20;
export const STATE = { waiting: 0, there: 1, failed: 2 } as const;
