import { itemAt, UserInputError } from '@cosmicai/payload';
import type { Samples } from '../predictor.ts';
import type { ModelContract } from './model-contract.ts';
import { FLOATING_TYPES, type FloatingType } from './ports.ts';
import { probeGalaxies } from './probe-galaxies.ts';

const GALAXIES = 8;
/** A model frozen at many galaxies does all of them for each single one that is tried. */
const SINGLES_OF_FROZEN = 2;
const SHUFFLED = [5, 2, 7, 0, 3, 6, 1, 4];

/** What redshifts may differ by when only their batch mates do: the order of sums in it is the library's own affair. */
const SMALLEST_TOLERANCE = 1e-5;
const UNITS_IN_LAST_PLACE = 4;
/** Explicit bits of the significand. */
const FRACTION_BITS: Readonly<Record<FloatingType, number>> = { float16: 10, float32: 23, float64: 52 };

export interface BatchDependence {
  /** Largest difference between answers for the same galaxy. */
  readonly difference: number;
  /** What the batches differed in. */
  readonly between: string;
}

/** What a probe found of a model that answers finite, repeatable numbers for a galaxy. */
export interface Verdict {
  /** null: what is answered for a galaxy depends on that galaxy alone. */
  readonly batchDependence: BatchDependence | null;
}

/**
 * Tries a model on a few galaxies: 32 predictions.
 *
 * @param predict answers for samples, count x width, in batches as large as the model and the number given allow
 * @throws UserInputError when it fails on them, answers no finite number, or not twice the same
 */
export async function probeModel(
  predict: (samples: Samples, forwardPass: number) => Promise<Float32Array>,
  contract: ModelContract,
): Promise<Verdict> {
  const galaxies = probeGalaxies(GALAXIES, contract.spec);
  const together = await predict(galaxies, GALAXIES);
  if (!together.some((z) => Number.isFinite(z))) {
    throw new UserInputError(
      `it answers no finite number for ${GALAXIES} ordinary galaxies (${together[0]} for the first): its weights may hold NaN, or its training diverged.`,
    );
  }
  const again = await predict(galaxies, GALAXIES);
  const unstable = largestDifference(together, again);
  if (unstable > 0) {
    throw new UserInputError(
      `it answers differently when asked twice for the same galaxies (by up to ${unstable.toPrecision(2)}): it was exported in training mode, or draws random numbers. Export model.eval().`,
    );
  }
  const { width } = contract.answer;
  // The coarsest of its outputs.
  const type =
    FLOATING_TYPES.find((known) => contract.answer.outputs.some((output) => output.type === known)) ?? 'float32';
  const compared: BatchDependence[] = [];
  const compare = (expected: Float32Array, found: Float32Array, between: string) => {
    const difference = largestExcess(expected, found, type);
    if (difference > 0) compared.push({ difference, between });
  };
  const shuffled = await predict(taken(galaxies, SHUFFLED), GALAXIES);
  compare(
    Float32Array.from({ length: GALAXIES * width }, (_, at) =>
      itemAt(together, itemAt(SHUFFLED, Math.floor(at / width)) * width + (at % width)),
    ),
    shuffled,
    'in another order',
  );
  const { batch } = contract;
  if (batch !== 1) {
    const singles = batch === null ? GALAXIES : SINGLES_OF_FROZEN;
    const alone = new Float32Array(singles * width);
    for (let index = 0; index < singles; index++) alone.set(await predict(taken(galaxies, [index]), 1), index * width);
    compare(together.subarray(0, singles * width), alone, batch === null ? 'alone' : `among ${batch} of its like`);
  }
  compared.sort((a, b) => b.difference - a.difference);
  return { batchDependence: compared[0] ?? null };
}

/** The sentence about a model that mixes galaxies. */
export function describeBatchDependence({ difference, between }: BatchDependence): string {
  return `its answer for a galaxy depends on the galaxies beside it in the batch: by ${difference.toPrecision(2)} between a batch of ${GALAXIES} and the galaxy ${between}`;
}

function taken({ count, images, magnitudes }: Samples, galaxies: readonly number[]): Samples {
  const rows = <T extends Float32Array | Float64Array>(all: T, into: T): T => {
    const size = all.length / count;
    galaxies.forEach((from, to) => into.set(all.subarray(from * size, (from + 1) * size), to * size));
    return into;
  };
  return {
    count: galaxies.length,
    images: rows(images, new Float32Array((images.length / count) * galaxies.length)),
    magnitudes: rows(magnitudes, new Float64Array((magnitudes.length / count) * galaxies.length)),
  };
}

/** Infinite where one is a number and the other is not. */
function difference(a: number, b: number): number {
  if (Object.is(a, b)) return 0;
  const size = Math.abs(a - b);
  return Number.isNaN(size) ? Infinity : size;
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return Math.max(...a.map((value, index) => difference(value, itemAt(b, index))));
}

/** The largest difference among those beyond the tolerance, 0 when none is. */
function largestExcess(expected: Float32Array, found: Float32Array, type: FloatingType): number {
  return expected.reduce((largest, value, index) => {
    const size = difference(value, itemAt(found, index));
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(value) || 1)) - FRACTION_BITS[type]);
    const isBeyond = size > Math.max(SMALLEST_TOLERANCE, UNITS_IN_LAST_PLACE * unit);
    return isBeyond ? Math.max(largest, size) : largest;
  }, 0);
}
