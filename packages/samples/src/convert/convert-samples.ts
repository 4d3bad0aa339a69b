import { UserInputError, type ColumnChoice } from '@cosmicai/payload';
import { isFolder, type SampleInput } from '../folder/folder-inputs.ts';
import { openSamples } from '../open-samples.ts';
import type { SampleSource } from '../source.ts';
import { inPieces } from '@cosmicai/store';
import { batchesOfAll } from './joined-source.ts';
import type { KeptColumn } from '../columns/kept.ts';
import { keptColumns } from './kept-columns.ts';
import { isLarge, partitionContent, sampleBytes, type ColumnRows } from './partition-content.ts';
import { Rows } from './rows.ts';

export interface ConvertOptions {
  /** Nominal size of a partition, up to 1 GB. */
  readonly targetBytes: number;
  /** Which columns are called what; `-` leaves one out. */
  readonly columns?: ColumnChoice | undefined;
  /** True: a folder is refused where files are missing, unexpected or can't be read. */
  readonly strict?: boolean | undefined;
  /** False: bytes are not compared with the sums that lie beside them. */
  readonly checkCrc?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A partition that was made. */
export interface ConvertedPart {
  /** `1.pt` … */
  readonly name: string;
  /** First sample and number of them, in all that was converted. */
  readonly from: number;
  readonly count: number;
  /** Of the file, read as it is consumed, once. */
  readonly content: AsyncIterable<Uint8Array>;
}

export interface Conversion {
  readonly samples: number;
  /** As they are in the partitions. */
  readonly columns: readonly {
    readonly name: string;
    readonly column: string;
    readonly type: string;
    readonly shape: readonly number[];
  }[];
  /** Sentences about what isn't in the partitions, or not as it should be. */
  readonly notes: readonly string[];
}

const MOST_TARGET_BYTES = 1e9;
/** Of a batch as it is read. */
const BATCH_BYTES = 8 * 2 ** 20;
const MOST_BATCH = 1024;
/** Texts of a partition: they are part of its pickle, which readers limit. */
const MOST_TEXTS = 400_000;

/**
 * Writes samples of files and folders of any format as partitions: dicts of tensors, and of lists of texts, by the names of
 * their columns. Several inputs with the same columns become one sequence of partitions. Images stay of their type and layout.
 *
 * Images and the like pass through some rows at a time, each in a pass of its own over the inputs; of what takes less than 1 KiB a
 * sample a partition is held.
 *
 * @param sink writes one partition, all of it; the next is made when its promise is fulfilled
 * @throws UserInputError when inputs have different columns, a chosen one isn't there, or a partition would be too large
 * @throws UnusableFileError when an input is damaged; what was written before is then not to be used
 */
export async function convertSamples(
  inputs: readonly SampleInput[],
  { targetBytes, columns: choice, signal, ...options }: ConvertOptions,
  sink: (part: ConvertedPart, total: number) => Promise<unknown>,
): Promise<Conversion> {
  if (targetBytes > MOST_TARGET_BYTES) {
    throw new UserInputError('Partitions have up to 1GB: choose a smaller --partition-size.');
  }
  const sources: SampleSource[] = [];
  for (const input of inputs) {
    const file = isFolder(input) ? input : inPieces(input, signal && { signal });
    sources.push(await openSamples(file, { ...options, columns: choice }));
  }
  const filled = sources.filter(({ count }) => count > 0);
  const [first] = filled;
  const total = sources.reduce((sum, { count }) => sum + count, 0);
  if (first === undefined)
    throw new UserInputError(`There are no galaxies in ${sources.map(({ name }) => name).join(', ')}.`);
  const kept = keptColumns(first, choice);
  const bytes = sampleBytes(kept);
  const texts = kept.filter(({ column }) => column.type === 'text' || column.type === 'uint64').length;
  const room = Math.max(
    1,
    Math.min(total, Math.floor(targetBytes / bytes), Math.floor(MOST_TEXTS / Math.max(1, texts))),
  );
  const batch = Math.max(1, Math.min(MOST_BATCH, room, Math.floor(BATCH_BYTES / bytes)));
  const pass = (columns: readonly KeptColumn[]) => {
    const wanted = columns.map(({ column }) => column);
    const batches = batchesOfAll(
      filled,
      batch,
      signal,
      wanted.map(({ name }) => name),
    );
    return new Rows(batches, wanted);
  };
  const passes = [kept.filter((column) => !isLarge(column)), ...kept.filter(isLarge).map((column) => [column])].map(
    (columns) => ({ columns, rows: pass(columns) }),
  );
  const rowsOf = (column: KeptColumn) => passes.find(({ columns }) => columns.includes(column))?.rows;
  const columns = kept.flatMap((column): ColumnRows[] => {
    const rows = rowsOf(column);
    return rows === undefined ? [] : [{ kept: column, rows }];
  });
  try {
    for (let from = 0, part = 1; from < total; from += room, part++) {
      const count = Math.min(room, total - from);
      await sink({ name: `${part}.pt`, from, count, content: partitionContent(columns, count) }, total);
    }
  } finally {
    for (const { rows } of passes) await rows.close();
  }
  return {
    samples: total,
    columns: kept.map(({ name, column }) => ({ name, column: column.name, type: column.type, shape: column.shape })),
    notes: sources.flatMap((source) => [
      ...(source.notes?.() ?? []),
      ...(source.count === 0
        ? [`There are no galaxies in ${source.name}.`]
        : [...unreadNotes(source), ...bandNotes(source)]),
    ]),
  };
}

function unreadNotes({ name, unfit }: SampleSource): string[] {
  return [...(unfit ?? [])].map(([column, why]) => `${column} of ${name} is left out: it ${why}.`);
}

/** Partitions don't say which band is which. */
function bandNotes({ name, columns }: SampleSource): string[] {
  return columns.flatMap((column) =>
    column.parts === undefined || column.shape.length < 3
      ? []
      : [
          `The bands of ${column.name} of ${name} are ${column.parts.join(', ')}; partitions don’t say so: read them with --columns bands=${column.parts.join('/')}.`,
        ],
  );
}
