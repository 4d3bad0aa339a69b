import { itemAt, parseJsonAs, UserInputError } from '@cosmicai/payload';
import { truthOf, type Galaxies } from '@cosmicai/samples';
import { z } from 'zod';

/** Runs a model on samples: its answers, [count, width], row-major. Where it runs is the caller's business. */
export type Predict = (samples: Galaxies) => Promise<ArrayLike<number>>;

/** What to compare with: another model, or predictions made earlier, in the order of the samples. */
export type Reference = Predict | readonly number[];

export interface Verification {
  /** Samples compared. */
  readonly count: number;
  /** Largest absolute difference; infinite when a prediction of one of the two is not a finite number. */
  readonly maxDifference: number;
  /** Mean absolute difference. */
  readonly meanDifference: number;
  /** Sample of the largest difference, counted over all batches. */
  readonly worst: number;
  /** Answers of both, [count, width], and spectroscopic redshifts (NaN: unknown), [count], for metrics before and after. */
  readonly predictions: Float64Array;
  readonly reference: Float64Array;
  readonly redshift: Float64Array;
}

/**
 * Compares a model with a reference, sample by sample.
 *
 * @throws UserInputError when there are no samples, or not as many as earlier predictions
 */
export async function verifyModel(
  batches: AsyncIterable<Galaxies> | Iterable<Galaxies>,
  model: Predict,
  reference: Reference,
): Promise<Verification> {
  const predictions: number[] = [];
  const expected: number[] = [];
  const redshift: number[] = [];
  let width = 1;
  for await (const batch of batches) {
    const from = predictions.length;
    const answers = await model(batch);
    if (from === 0) width = Math.max(1, Math.floor(answers.length / batch.count));
    const taken = batch.count * width;
    append(predictions, answers, taken, 'The model');
    const known = typeof reference === 'function' ? await reference(batch) : reference.slice(from, from + taken);
    append(expected, known, taken, typeof reference === 'function' ? 'The other model' : 'The golden file');
    append(redshift, truthOf(batch), batch.count, 'The partition');
  }
  if (predictions.length === 0) throw new UserInputError('There are no samples to compare predictions on');
  if (typeof reference !== 'function' && reference.length !== predictions.length) {
    throw new UserInputError(
      `The golden file has ${reference.length} predictions, the data ${predictions.length / width} samples` +
        `${width === 1 ? '' : ` of ${width} numbers each`}; give the partition that the golden file was made from`,
    );
  }
  const { worst, ...compared } = difference(predictions, expected);
  const samples = { count: redshift.length, worst: Math.floor(worst / width) };
  return { ...compared, ...samples, redshift: Float64Array.from(redshift) };
}

function append(all: number[], values: ArrayLike<number>, expected: number, what: string): void {
  if (values.length !== expected) {
    throw new UserInputError(
      `${what} answers ${values.length} numbers for a batch of samples; expected were ${expected}`,
    );
  }
  for (const value of Array.from(values)) all.push(value);
}

function difference(
  predictions: readonly number[],
  reference: readonly number[],
): Omit<Verification, 'redshift' | 'count'> {
  let sum = 0;
  let maxDifference = -1;
  let worst = 0;
  predictions.forEach((value, index) => {
    const found = Math.abs(value - itemAt(reference, index));
    // A NaN agrees with nothing, least of all silently.
    const size = Number.isNaN(found) ? Infinity : found;
    sum += size;
    if (size > maxDifference) {
      maxDifference = size;
      worst = index;
    }
  });
  return {
    maxDifference,
    meanDifference: sum / predictions.length,
    worst,
    predictions: Float64Array.from(predictions),
    reference: Float64Array.from(reference),
  };
}

/** Predictions of PyTorch, as training/golden/astromae_golden.py writes them. */
const goldenSchema = z.object({
  predictions: z.array(z.number()).min(1),
  name: z.string().optional(),
  partition: z.string().optional(),
  torch: z.string().optional(),
});

export type Golden = z.infer<typeof goldenSchema>;

/**
 * Reads a golden file.
 *
 * @throws InvalidInputError when it holds no predictions
 */
export function parseGolden(json: string, name: string): Golden {
  return parseJsonAs(goldenSchema, json, `golden file ${name}`);
}
