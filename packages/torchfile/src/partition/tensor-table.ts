import type { ByteSource } from '@cosmicai/store';
import { countOf } from '../tensor/layout.ts';
import { openTorchFile, type TorchFileOptions } from '../torch-file.ts';
import { whyUnchecked } from '../why-unchecked.ts';
import type { RowsOptions } from './column.ts';
import { openData } from './open-data.ts';
import type { BatchesOptions, ReadSamplesOptions } from './partition.ts';
import { readAhead } from './read-ahead.ts';
import { savedData } from './saved-data.ts';
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

/** The tensors that were saved together in a torch file, read by ranges of their first axis. */
export interface TensorTable {
  readonly name: string;
  /** Rows. */
  readonly count: number;
  /** Whether the columns have names of their own. */
  readonly named: boolean;
  readonly columns: readonly TableColumn[];
  /** What else was saved and has no row for each sample, or can't be read by ranges, and why. */
  readonly unfit: ReadonlyMap<string, string>;
  /**
   * Reads rows [from, to) with one ranged read for each tensor. Values are views on what was read where that is possible.
   *
   * @throws RangeError when the range leaves the table
   */
  read(from: number, to: number, options?: ReadRowsOptions): Promise<TableRows>;
  /**
   * Reads rows in order, batch by batch, ahead of the caller: one ranged read of a large tensor for each batch, and where the
   * short rows of all others take less than 1 MiB, one read of each for all. Leaving the loop cancels what is under way.
   *
   * Where all rows are asked for, the bytes are compared with their CRC-32 as they pass, and the last batch is handed out only
   * when they fit.
   *
   * @throws MalformedTorchFileError naming file and zip entry when they don't
   */
  batches(options: BatchesOptions & Pick<ReadRowsOptions, 'columns'>): AsyncGenerator<TableRows, void, undefined>;
  /** Why damage to this file could go unnoticed though it was to be checked; known once `batches` has handed out all rows. */
  unchecked(): string | undefined;
}

/** Those of 20,000 samples, and of any published partition, come with one read each instead of one for each batch. */
const LARGEST_LABEL_READ = 1024 * 1024;
/** Bytes of a row up to which it is short: what is beside an image. */
const SHORT_ROW = 256;
/** What a file that holds something else is told. */
const EXPECTED = 'expected TensorDataset(images, magnitudes, redshift), or a dict of tensors';

/** Pickles of data are long where they hold indices or names: half a million of them are read. */
const LIMITS = { maxPickleBytes: 32 * 1024 * 1024, maxOpcodes: 2_000_000 };

/**
 * Opens what somebody saved: a TensorDataset, a dict, tuple or list of tensors, or a Subset or ConcatDataset of those.
 *
 * @throws TorchFileError when the file is something else, damaged, or its tensors are of different lengths
 */
export async function openTensors(source: ByteSource, options: TorchFileOptions = {}): Promise<TensorTable> {
  const file = await openTorchFile(source, { ...LIMITS, ...options });
  const { count, named, columns, unfit } = await openData(file, savedData(file, EXPECTED));
  let notChecked: readonly string[] = [];

  function checkRange(from: number, to: number): void {
    if (Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= count) return;
    throw new RangeError(`samples [${from}, ${to}) of ${source.name}, which has ${count}`);
  }

  const asked = (names: readonly string[] | undefined) =>
    names === undefined ? columns : columns.filter(({ name }) => names.includes(name));

  return {
    name: source.name,
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
      const read = rowReader(asked(names), from, to);
      // Part of the samples is not a whole entry: what only looks into a file is not held up for the rest of it.
      const check = from === 0 && to === count ? file.passingCheck() : undefined;
      const batches = readAhead(starts, ahead, signal, async (start, cancelled) => {
        const end = Math.min(start + size, to);
        const values = await read(start, end, { signal: cancelled, ...(check && { check }) });
        return { from: start, count: end - start, values };
      });
      return beforeLast(batches, to, async () => {
        notChecked = (await check?.finish({ ...(signal && { signal }) })) ?? [];
      });
    },
    unchecked: () => whyUnchecked(file, options, notChecked),
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

/** Reads within [from, to): the short rows of all with the first call where they are few, else call by call. */
function rowReader(columns: readonly ValueColumn[], from: number, to: number): RowReader {
  const short = columns.filter(({ rowBytes }) => rowBytes <= SHORT_ROW);
  const shortBytes = short.reduce((sum, { rowBytes }) => sum + rowBytes, 0) * (to - from);
  if (short.length === 0 || shortBytes > LARGEST_LABEL_READ) {
    return (start, end, options) => rowsFrom(columns, start, end, options);
  }
  const long = columns.filter((column) => !short.includes(column));
  let all: Promise<Map<string, TableValues>> | undefined;
  return async (start, end, options) => {
    const [rows, beside] = await Promise.all([
      rowsFrom(long, start, end, options),
      (all ??= rowsFrom(short, from, to, options)),
    ]);
    for (const { name, shape } of short) {
      const size = countOf(shape);
      // Copies, so that each batch is its reader's own, to be handed to another thread for instance.
      const values = beside.get(name)?.slice((start - from) * size, (end - from) * size);
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
