import { defined, outputsOf, UserInputError, type TrainedRanges } from '@cosmicai/payload';
import type { CarriedColumn, Galaxies, GalaxySource, ObjectIds } from '@cosmicai/samples';
import { readAnswers, type AnswerColumn } from './answer-columns.ts';
import { ModelFailure } from './errors.ts';
import { MICRO_BATCH, type Predictor } from './predictor.ts';
import { flagNotFinite, flagInputs, flagPredictions } from './quality/flag-samples.ts';
import type { PartitionChecks } from './quality/partition-checks.ts';

/**
 * Samples read at a time at most, four forward passes: bounds memory (2.6 MB of 32x32 images) whatever batch size the user asks for, and
 * predicting begins, and ends, within a piece of the file instead of with it.
 */
const LONGEST_READ = 128;

export interface PredictPartitionOptions {
  /** Samples in one forward pass as the user sees it. */
  readonly batchSize: number;
  /** What the model was trained on, where that is known. */
  readonly trained?: TrainedRanges | undefined;
  /** Sees the images before they are gone. */
  readonly checks?: PartitionChecks;
  /** Answers that are known for samples [from, from + count); undefined where they aren't: then the model is asked. */
  readonly kept?: ((from: number, count: number) => Float32Array | undefined) | undefined;
  /** Called with a number of samples as soon as they are predicted, in any order and before they are yielded. */
  readonly onPart?: ((count: number) => void) | undefined;
  readonly signal?: AbortSignal;
}

/** A run of consecutive samples with their predictions; the images are gone by then. */
export interface PredictedSamples {
  /** Index of the first sample in its partition. */
  readonly from: number;
  readonly count: number;
  /** count x bands. */
  readonly magnitudes: Float64Array;
  /** Spectroscopic redshift; null: nobody knows it. */
  readonly zSpec: Float64Array | null;
  /** Names of the objects; absent where the file has none. */
  readonly id?: ObjectIds;
  /** Columns of the file that are kept as they are. */
  readonly carried?: readonly CarriedColumn[];
  /** Predicted redshift; null: the model answers something else. */
  readonly zPred: Float32Array | null;
  /** What else the model answers; absent where its answer is a redshift alone. */
  readonly beside?: readonly AnswerColumn[];
  /** Bits of QUALITY_FLAGS. */
  readonly flags: Uint16Array;
}

/** With all that the model answered: [count, width] as its contract says. */
export interface AnsweredSamples extends PredictedSamples {
  readonly answers: Float32Array;
}

/**
 * Streams a file's galaxies through the model, in order. Reading, copying and inference overlap: enough samples are in flight
 * that no worker waits, and no more.
 *
 * @throws UserInputError that names the file and the galaxies that the model fails on, UnusableFileError where the file is damaged
 */
export async function* predictPartition(
  source: GalaxySource,
  predictor: Predictor,
  options: PredictPartitionOptions,
): AsyncGenerator<AnsweredSamples> {
  const { batchSize, checks, signal } = options;
  const size = samplesPerRead(batchSize, predictor.contract.batch);
  const window = Math.max(2, Math.ceil((2 * predictor.workers * MICRO_BATCH) / size));
  const inFlight: Promise<AnsweredSamples>[] = [];
  try {
    for await (const batch of source.batches({ size, ...(signal && { signal }) })) {
      checks?.add(batch);
      const predicted = predictBatch(batch, source.name, predictor, options);
      // Its failure is met when its turn comes; until then it must not count as unhandled.
      predicted.catch(() => undefined);
      inFlight.push(predicted);
      const due = inFlight.length >= window ? inFlight.shift() : undefined;
      if (due !== undefined) yield await due;
    }
    for (let due = inFlight.shift(); due !== undefined; due = inFlight.shift()) yield await due;
  } finally {
    // After an error or an early return the rest is of no interest, but its failures must not go unhandled.
    await Promise.allSettled(inFlight);
  }
}

/** As many as the user asked for, in whole batches of a model that takes no others. */
function samplesPerRead(batchSize: number, frozen: number | null): number {
  const size = Math.min(batchSize, LONGEST_READ);
  return frozen === null ? size : Math.ceil(size / frozen) * frozen;
}

async function predictBatch(
  batch: Galaxies,
  source: string,
  predictor: Predictor,
  { batchSize, trained, kept, onPart, signal }: PredictPartitionOptions,
): Promise<AnsweredSamples> {
  const { spec } = predictor.contract;
  const flags = flagInputs(batch, trained, spec.image.bands.length);
  const known = kept?.(batch.from, batch.count);
  if (known !== undefined) onPart?.(batch.count);
  const answers =
    known ??
    (await predictor.predict(batch, batchSize, onPart, signal).catch((error: unknown) => {
      throw atGalaxies(error, source, batch.from);
    }));
  const { zPred, beside } = readAnswers(outputsOf(spec), answers);
  if (zPred !== null) flagPredictions(flags, zPred, trained);
  for (const values of [answers, ...(beside ?? []).map((column) => column.values)])
    if (values instanceof Float32Array) flagNotFinite(flags, values);
  const { from, count, magnitudes, redshift: zSpec, id, carried } = batch;
  return { from, count, magnitudes, zSpec, zPred, answers, flags, ...defined({ id, carried, beside }) };
}

/** A model's failure with the file and the galaxies it fails on, by their indices. */
function atGalaxies(error: unknown, source: string, from: number): unknown {
  if (!(error instanceof ModelFailure)) return error;
  const first = from + error.start;
  const last = first + error.count - 1;
  const galaxies = first === last ? `galaxy ${first}` : `galaxies ${first} to ${last}`;
  return new UserInputError(`${source}, ${galaxies} (the first is 0): ${error.message}`, { cause: error });
}

/** One of some samples, as that of a partition of its own. @param from its index there */
export function oneOf(samples: PredictedSamples, at: number, from = 0): PredictedSamples {
  const width = samples.count === 0 ? 0 : samples.magnitudes.length / samples.count;
  const { id, carried, beside } = samples;
  return {
    from,
    count: 1,
    magnitudes: samples.magnitudes.subarray(at * width, (at + 1) * width),
    zSpec: samples.zSpec?.subarray(at, at + 1) ?? null,
    zPred: samples.zPred?.subarray(at, at + 1) ?? null,
    flags: samples.flags.subarray(at, at + 1),
    ...(id !== undefined && { id: id.slice(at, at + 1) }),
    ...(carried && { carried: carried.map((column) => ({ ...column, values: [column.values[at] ?? null] })) }),
    ...(beside && { beside: beside.map((column) => oneAnswer(column, at)) }),
  };
}

function oneAnswer(column: AnswerColumn, at: number): AnswerColumn {
  switch (column.type) {
    case 'text':
      return { ...column, values: column.values.slice(at, at + 1) };
    case 'numbers':
      return { ...column, values: column.values.subarray(at * column.length, (at + 1) * column.length) };
    case 'number':
      return { ...column, values: column.values.subarray(at, at + 1) };
  }
}
