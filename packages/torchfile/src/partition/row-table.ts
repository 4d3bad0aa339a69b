import { UnusableFileError } from '@cosmicai/payload';
import { countOf } from '../tensor/layout.ts';
import { UnsupportedTorchFileError } from '../errors.ts';
import type { PassingCheck } from '../zip/checksums.ts';
import type { RowsOptions } from './column.ts';
import type { BatchesOptions, ReadSamplesOptions } from './partition.ts';
import { readAhead } from './read-ahead.ts';
import type { TableColumn, TableValues, ValueColumn } from './value-column.ts';

/** Consecutive rows. */
export interface TableRows {
  readonly from: number;
  readonly count: number;
  /** In C order, by the columns' names. */
  readonly values: ReadonlyMap<string, TableValues>;
}

export interface ReadRowsOptions extends ReadSamplesOptions {
  /** Names of the columns to read; default: all. */
  readonly columns?: readonly string[] | undefined;
}

/** Arrays with a row for each sample, read by ranges of their first axis. */
export interface RowTable {
  readonly name: string;
  /** Rows. */
  readonly count: number;
  /** Whether the columns have names of their own. */
  readonly named: boolean;
  readonly columns: readonly TableColumn[];
  /** What else was saved and has no row for each sample, or can't be read by ranges, and why. */
  readonly unfit: ReadonlyMap<string, string>;
  /**
   * Reads rows [from, to) with one ranged read for each column. Values are views on what was read where that is possible.
   *
   * @throws RangeError when the range leaves the table
   */
  read(from: number, to: number, options?: ReadRowsOptions): Promise<TableRows>;
  /**
   * Reads rows in order, batch by batch, ahead of the caller: one ranged read of a large array for each batch, and one
   * of each other for a megabyte of the short rows of all of them. Leaving the loop cancels what is under way.
   *
   * Where all rows are asked for, the bytes are compared with their CRC-32 as they pass, and the last batch is handed out only
   * when they fit.
   *
   * @throws UnusableFileError naming file and zip entry when they don't
   */
  batches(options: BatchesOptions & Pick<ReadRowsOptions, 'columns'>): AsyncGenerator<TableRows, void, undefined>;
  /** Why damage to this file could go unnoticed though it was to be checked; known once `batches` has handed out all rows. */
  unchecked(): string | undefined;
}

/** Read at a time beside the images: those of 20,000 samples, and of any published partition, come with one read each. */
const LABEL_BYTES = 1024 * 1024;
/** Bytes of a row up to which it is short: what is beside an image, however small that is. */
const SHORT_ROW = 256;
/** Of labels; batches that are read ahead lie in the next one. */
const BLOCKS_KEPT = 3;

export interface RowTableParts extends Pick<RowTable, 'name' | 'count' | 'named' | 'unfit'> {
  readonly columns: readonly ValueColumn[];
  /** Begins to check what is read in pieces. */
  readonly passingCheck: () => PassingCheck;
  /** Why damage could go unnoticed, where of these parts of the file not all was checked. */
  readonly whyUnchecked: (unchecked: readonly string[]) => string | undefined;
}

/** Columns of as many rows each, read by ranges and in batches. */
export function rowTable({ name, count, named, columns, unfit, passingCheck, whyUnchecked }: RowTableParts): RowTable {
  let notChecked: readonly string[] = [];

  function checkRange(from: number, to: number): void {
    if (Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= count) return;
    throw new RangeError(`samples [${from}, ${to}) of ${name}, which has ${count}`);
  }

  const asked = (names: readonly string[] | undefined) =>
    names === undefined ? columns : columns.filter(({ name }) => names.includes(name));

  return {
    name,
    count,
    named,
    columns: columns.map(({ name, type, shape }) => ({ name, type, shape })),
    unfit,
    async read(from, to, { columns: names, signal } = {}) {
      checkRange(from, to);
      return { from, count: to - from, values: await rowsFrom(asked(names), from, to, { ...(signal && { signal }) }) };
    },
    batches({ size, from = 0, to = count, readAhead: ahead = 1, signal, columns: names }) {
      checkRange(from, to);
      if (!Number.isInteger(size) || size < 1) throw new RangeError(`a batch of ${size} samples; expected 1 or more`);
      const starts = Array.from({ length: Math.ceil((to - from) / size) }, (_, index) => from + index * size);
      const read = rowReader(asked(names), { from, to, size });
      // Part of the samples is not a whole entry: what only looks into a file is not held up for the rest of it.
      const check = from === 0 && to === count ? passingCheck() : undefined;
      const batches = readAhead(starts, ahead, signal, async (start, cancelled) => {
        const end = Math.min(start + size, to);
        const values = await read(start, end, { signal: cancelled, ...(check && { check }) });
        return { from: start, count: end - start, values };
      });
      return beforeLast(batches, to, async () => {
        notChecked = (await check?.finish({ ...(signal && { signal }) })) ?? [];
      });
    },
    unchecked: () => whyUnchecked(notChecked),
  };
}

type RowReader = (from: number, to: number, options: RowsOptions) => Promise<Map<string, TableValues>>;

async function rowsFrom(
  columns: readonly ValueColumn[],
  ...range: Parameters<ValueColumn['values']>
): Promise<Map<string, TableValues>> {
  range[2].signal?.throwIfAborted();
  return new Map(
    await Promise.all(columns.map(async (column) => [column.name, await column.values(...range)] as const)),
  );
}

interface Reading {
  readonly from: number;
  readonly to: number;
  /** Rows of a batch. */
  readonly size: number;
}

/** Reads batches of [from, to), the short rows of all columns a megabyte at a time: all with the first call where they are few. */
function rowReader(columns: readonly ValueColumn[], { from, to, size }: Reading): RowReader {
  const short = columns.filter(({ shape, rowBytes }) => shape.length <= 1 && rowBytes <= SHORT_ROW);
  const rowBytes = short.reduce((sum, column) => sum + column.rowBytes, 0);
  if (short.length === 0) return (start, end, options) => rowsFrom(columns, start, end, options);
  const isFew = rowBytes * (to - from) <= LABEL_BYTES;
  // Whole batches, so that each lies in one block.
  const blockRows = isFew ? to - from : Math.max(1, Math.floor(LABEL_BYTES / rowBytes / size)) * size;
  const long = columns.filter((column) => !short.includes(column));
  const blocks = new Map<number, Promise<Map<string, TableValues>>>();

  function block(start: number, options: RowsOptions): Promise<Map<string, TableValues>> {
    const known = blocks.get(start);
    if (known !== undefined) return known;
    // Of a large file the columns lie far from each other and from the images.
    const reading = isFew ? options : { ...options, scattered: true };
    const read = rowsFrom(short, start, Math.min(start + blockRows, to), reading);
    read.catch(() => undefined);
    blocks.set(start, read);
    for (const oldest of blocks.keys()) if (blocks.size > BLOCKS_KEPT) blocks.delete(oldest);
    return read;
  }

  return async (start, end, options) => {
    const first = from + Math.floor((start - from) / Math.max(1, blockRows)) * blockRows;
    const [rows, beside] = await Promise.all([rowsFrom(long, start, end, options), block(first, options)]);
    for (const { name, shape } of short) {
      const width = countOf(shape);
      // Copies, so that each batch is its reader's own, to be handed to another thread for instance.
      const values = beside.get(name)?.slice((start - first) * width, (end - first) * width);
      if (values !== undefined) rows.set(name, values);
    }
    return rows;
  };
}

/** Batches as they come, with something done before the one that ends at `to` is handed out. */
async function* beforeLast(
  batches: AsyncGenerator<TableRows, void, undefined>,
  to: number,
  work: () => Promise<void>,
): AsyncGenerator<TableRows, void, undefined> {
  for await (const batch of batches) {
    if (batch.from + batch.count === to) await work();
    yield batch;
  }
}

/** An array that may be a column. */
export interface SavedArray {
  readonly name: string;
  /** Of all rows. */
  readonly shape: readonly number[];
  /** Prepares it for ranged reads, or says why that can't be, as said after its name. */
  open(): ValueColumn | string | Promise<ValueColumn | string>;
}

export interface FittingColumns {
  readonly count: number;
  readonly columns: readonly ValueColumn[];
  readonly unfit: ReadonlyMap<string, string>;
}

/**
 * The arrays that have a row for each galaxy: all of those without names; of those with names as many rows as the one with the
 * most axes has, the first of several.
 *
 * @throws UnusableFileError when arrays without names are of different lengths, or there are none
 */
export async function fittingColumns(
  file: string,
  arrays: readonly SavedArray[],
  named: boolean,
): Promise<FittingColumns> {
  const most = arrays.reduce<readonly number[]>((best, { shape }) => (shape.length > best.length ? shape : best), []);
  const [count] = most;
  const differs = !named && arrays.some(({ shape }) => shape[0] !== count);
  if (count === undefined || differs) {
    const found = arrays.map(({ shape }) => `[${shape.join(', ')}]`).join(', ');
    const problem = `expected tensors with a row for each galaxy; found ${found === '' ? 'none' : `shapes ${found}`}`;
    throw new UnusableFileError(file, undefined, problem);
  }
  const unfit = new Map<string, string>();
  const columns = await Promise.all(
    arrays.map(async (array) => {
      const { name, shape } = array;
      if (shape[0] !== count || shape.slice(1).some((size) => size === 0)) {
        unfit.set(name, `is of shape [${shape.join(', ')}], and there are ${count} galaxies`);
        return undefined;
      }
      try {
        const column = await array.open();
        if (typeof column !== 'string') return column;
        unfit.set(name, column);
        return undefined;
      } catch (error) {
        if (!(error instanceof UnsupportedTorchFileError)) throw error;
        unfit.set(name, `can’t be read: ${error.message}`);
        return undefined;
      }
    }),
  );
  return { count, columns: columns.filter((column) => column !== undefined), unfit };
}
