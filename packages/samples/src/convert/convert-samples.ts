import { UserInputError, type ColumnChoice } from '@cosmicai/payload';
import { isFolder, type SampleInput } from '../folder/folder-inputs.ts';
import { openSamples } from '../open-samples.ts';
import type { SampleSource } from '../source.ts';
import { inPieces } from '@cosmicai/store';
import { batchesOfAll } from './joined-source.ts';
import { keptColumns } from './kept-columns.ts';
import { PartitionBuffer, sampleBytes } from './partition-buffer.ts';

export interface ConvertOptions {
  /** Nominal size of a partition, up to 1 GB: it is held in memory. */
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
  readonly content: Uint8Array;
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
 * @param sink writes one partition; the next is made when its promise is fulfilled
 * @throws UserInputError when inputs have different columns, a chosen one isn't there, or a partition would be too large
 * @throws UnusableFileError when an input is damaged; what was written before is then not to be used
 */
export async function convertSamples(
  inputs: readonly SampleInput[],
  { targetBytes, columns: choice, signal, ...options }: ConvertOptions,
  sink: (part: ConvertedPart, total: number) => Promise<unknown>,
): Promise<Conversion> {
  if (targetBytes > MOST_TARGET_BYTES) {
    throw new UserInputError(
      'A partition of more than 1GB would be held in memory: choose a smaller --partition-size.',
    );
  }
  const sources: SampleSource[] = [];
  for (const input of inputs) {
    const file = isFolder(input) ? input : inPieces(input, signal && { signal });
    sources.push(await openSamples(file, { ...options, columns: choice }));
  }
  const [first] = sources;
  const total = sources.reduce((sum, { count }) => sum + count, 0);
  if (first === undefined || total === 0)
    throw new UserInputError(`There are no galaxies in ${sources.map(({ name }) => name).join(', ')}.`);
  const kept = keptColumns(first, choice);
  const bytes = sampleBytes(kept);
  const texts = kept.filter(({ column }) => column.type === 'text' || column.type === 'uint64').length;
  const room = Math.max(
    1,
    Math.min(total, Math.floor(targetBytes / bytes), Math.floor(MOST_TEXTS / Math.max(1, texts))),
  );
  const batch = Math.max(1, Math.min(MOST_BATCH, room, Math.floor(BATCH_BYTES / bytes)));
  const names = kept.map(({ column }) => column.name);
  const buffer = new PartitionBuffer(kept, room);
  let written = 0;
  let parts = 0;
  const write = async () => {
    const { count } = buffer;
    await sink({ name: `${++parts}.pt`, from: written, count, content: await buffer.content() }, total);
    written += count;
  };
  for await (const read of batchesOfAll(sources, batch, signal, names)) {
    for (let at = 0; at < read.count;) {
      at += buffer.take(read, at);
      if (buffer.isFull) await write();
    }
  }
  if (buffer.count > 0) await write();
  return {
    samples: total,
    columns: kept.map(({ name, column }) => ({ name, column: column.name, type: column.type, shape: column.shape })),
    notes: sources.flatMap((source) => [...(source.notes?.() ?? []), ...unreadNotes(source), ...bandNotes(source)]),
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
