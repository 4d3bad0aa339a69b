import type { ColumnChoice, TakenColumn } from '@cosmicai/payload';
import { isFolder, openGalaxies, type SampleInput, type SampleSource } from '@cosmicai/samples';
import { inPieces } from '@cosmicai/store';
import type { LoadedModel } from './model/open-model.ts';
import { predictPartition, type AnsweredSamples, type PredictPartitionOptions } from './predict-partition.ts';
import type { ImageHashes } from './quality/image-hashes.ts';
import { PartitionChecks } from './quality/partition-checks.ts';

export interface PredictSourceOptions extends Pick<PredictPartitionOptions, 'kept'> {
  /** Samples in one forward pass as the user sees it. */
  readonly batchSize: number;
  /** Compare what is read with its CRC-32. */
  readonly checkCrc: boolean;
  /** Which column of the file is what. */
  readonly columns?: ColumnChoice | undefined;
  /** Columns that go into the predictions as they are. */
  readonly keep?: readonly string[] | undefined;
  /** Takes the hashes of the images, with those of other files; default: each file's are its own. */
  readonly hashes?: ImageHashes;
  readonly signal?: AbortSignal;
  /** Called for samples as soon as they are predicted, in order, with the number of all; the next ones wait for it. */
  readonly onPredicted?: (samples: AnsweredSamples, total: number) => unknown;
  /** Called when the file is open, and for each part of a batch: the samples predicted so far, in any order, and all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** A whole file, predicted and looked at. */
export interface PredictedSource {
  readonly count: number;
  /** Why the file wasn't checked for damage, if it wasn't. */
  readonly unchecked: string | undefined;
  readonly checks: PartitionChecks;
  /** Which column was taken for what. */
  readonly taken: readonly TakenColumn[];
  /** What is in the data and not in the samples, or not as it should be. */
  readonly notes: readonly string[];
}

/**
 * Predicts a file of samples, or a folder of cutouts, from its first one to its last.
 *
 * @throws UnusableFileError when it is none or damaged, UserInputError when the model fails on it
 */
export async function predictSource(
  input: SampleInput | SampleSource,
  { predictor, trained }: Pick<LoadedModel, 'predictor' | 'trained'>,
  { batchSize, checkCrc, columns, keep, hashes, kept, signal, onPredicted, onProgress }: PredictSourceOptions,
): Promise<PredictedSource> {
  const { spec } = predictor.contract;
  const left = new AbortController();
  const ended = signal === undefined ? left.signal : AbortSignal.any([left.signal, signal]);
  try {
    const file = 'columns' in input || isFolder(input) ? input : inPieces(input, { signal: ended });
    const source = await openGalaxies(file, { checkCrc, columns, keep, spec });
    const { count } = source;
    const checks = new PartitionChecks(spec, hashes);
    let done = 0;
    onProgress?.(done, count);
    const onPart = onProgress && ((part: number) => onProgress((done += part), count));
    const options = { batchSize, trained, checks, kept, onPart, ...(signal && { signal }) };
    for await (const samples of predictPartition(source, predictor, options)) await onPredicted?.(samples, count);
    return { count, unchecked: source.unchecked(), checks, taken: source.taken, notes: source.notes?.() ?? [] };
  } finally {
    // What was read ahead of a failure nobody waits for.
    left.abort(new Error('the reader of the file stopped early'));
  }
}
