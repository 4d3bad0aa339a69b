import { parseAs } from '@cosmicai/payload';
import { z } from 'zod';
import { NMAD_FACTOR } from './nmad.ts';
import type { ByteReader } from './reduction/byte-reader.ts';
import type { ByteWriter } from './reduction/byte-writer.ts';
import { CountsInRange, totalOf, type Counts } from './reduction/counts.ts';

/** Each value is known to this fraction of itself. */
export const SKETCH_RELATIVE_ERROR = 1e-4;
/** Residuals smaller than this count as zero: redshifts have no such precision. */
const SMALLEST = 1e-9;
/** No residual of usable redshifts is larger (|z_pred| < 1e100, 1 + z_spec no smaller than half a unit in the last place). */
const LARGEST = 1e117;
/** Bin k holds the magnitudes in (GAMMA^(k-1), GAMMA^k]; its middle is off by at most SKETCH_RELATIVE_ERROR. */
const GAMMA = (1 + SKETCH_RELATIVE_ERROR) / (1 - SKETCH_RELATIVE_ERROR);
const LOG_GAMMA = Math.log(GAMMA);
const FIRST_BIN = Math.floor(Math.log(SMALLEST) / LOG_GAMMA);
const LAST_BIN = Math.ceil(Math.log(LARGEST) / LOG_GAMMA);

const count = z.number().int().nonnegative();
const bins = z.array(z.tuple([z.number().int().min(FIRST_BIN).max(LAST_BIN), count]));
export const residualSketchSchema = z.object({ zero: count, negative: bins, positive: bins });
export type ResidualSketchJson = z.output<typeof residualSketchSchema>;

/** A value known only to lie within `error` of `value`. */
export interface Estimate {
  readonly value: number;
  readonly error: number;
}

/** What a sketch holds, by bins of magnitudes on either side of 0. */
export interface SketchCounts {
  readonly zero: number;
  readonly negative: Counts;
  readonly positive: Counts;
}

/**
 * Counts of residuals in logarithmic bins, both signs (the idea of DDSketch: Masson, Rim, Lee, VLDB 2019). Memory is
 * bounded by the three million bins there are whatever the number of values; in practice some ten thousand are occupied. Merging is
 * adding counts, so order never matters.
 */
export class ResidualSketch {
  #zero = 0;
  readonly #negative = new CountsInRange();
  readonly #positive = new CountsInRange();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(residual: number): void {
    this.#count++;
    const size = Math.abs(residual);
    if (size < SMALLEST) this.#zero++;
    else (residual < 0 ? this.#negative : this.#positive).increase(binOf(size), 1);
  }

  addAll(residuals: Float64Array): void {
    for (const residual of residuals) this.add(residual);
  }

  merge(other: ResidualSketch): void {
    this.addCounts(other.counts());
  }

  addCounts({ zero, negative, positive }: SketchCounts): void {
    this.#count += zero + totalOf(negative) + totalOf(positive);
    this.#zero += zero;
    this.#negative.add(negative);
    this.#positive.add(positive);
  }

  counts(): SketchCounts {
    return { zero: this.#zero, negative: this.#negative.occupied(), positive: this.#positive.occupied() };
  }

  /**
   * NMAD with the bound of its error. With relative error a of each value, the median m is off by at most a|m|, and a
   * deviation t belongs to a value of at most t + |m|, so it is off by at most a(t + 2|m|); an order statistic is then
   * off by no more than that at the true one.
   */
  nmad(): Estimate {
    const sorted = this.#sorted();
    const centre = medianOf(sorted.values, sorted.counts, this.#count);
    const mad = medianDeviation(sorted, centre, this.#count);
    const relative = SKETCH_RELATIVE_ERROR / (1 - SKETCH_RELATIVE_ERROR);
    return {
      value: NMAD_FACTOR * mad,
      error: NMAD_FACTOR * (2 * SMALLEST + relative * (mad + 2 * Math.abs(centre)) * (1 + 4 * relative)),
    };
  }

  toJSON(): ResidualSketchJson {
    const { zero, negative, positive } = this.counts();
    const pairs = ({ keys, counts }: Counts) => [...keys].map((key, at): [number, number] => [key, counts[at] ?? 0]);
    return { zero, negative: pairs(negative), positive: pairs(positive) };
  }

  /** @throws InvalidInputError */
  static fromJSON(json: unknown): ResidualSketch {
    const parsed = parseAs(residualSketchSchema, json, 'residual sketch');
    const sketch = new ResidualSketch();
    sketch.#zero = sketch.#count = parsed.zero;
    for (const [side, entries] of [
      [sketch.#negative, parsed.negative],
      [sketch.#positive, parsed.positive],
    ] as const) {
      for (const [bin, n] of entries) {
        side.increase(bin, n);
        sketch.#count += n;
      }
    }
    return sketch;
  }

  #sorted(): Weighted {
    const { zero, negative, positive } = this.counts();
    const zeroAt = negative.keys.length;
    const values = new Float64Array(zeroAt + 1 + positive.keys.length);
    const counts = new Float64Array(values.length);
    for (let at = 0; at < zeroAt; at++) {
      values[zeroAt - 1 - at] = -middleOf(negative.keys[at] ?? 0);
      counts[zeroAt - 1 - at] = negative.counts[at] ?? 0;
    }
    counts[zeroAt] = zero;
    for (let at = 0; at < positive.keys.length; at++) values[zeroAt + 1 + at] = middleOf(positive.keys[at] ?? 0);
    counts.set(positive.counts, zeroAt + 1);
    return { values, counts };
  }
}

export function writeSketch(writer: ByteWriter, { zero, negative, positive }: SketchCounts): void {
  writer.whole(zero);
  writer.counts(negative, FIRST_BIN);
  writer.counts(positive, FIRST_BIN);
}

/** @throws UnusableFileError */
export function readSketch(reader: ByteReader): SketchCounts {
  const zero = reader.whole();
  const negative = reader.counts(FIRST_BIN, LAST_BIN + 1);
  return { zero, negative, positive: reader.counts(FIRST_BIN, LAST_BIN + 1) };
}

/** Values, ascending, and how often each occurs. */
interface Weighted {
  readonly values: Float64Array;
  readonly counts: Float64Array;
}

function binOf(size: number): number {
  return Math.min(LAST_BIN, Math.max(FIRST_BIN, Math.ceil(Math.log(size) / LOG_GAMMA)));
}

/** The value whose relative distance to both ends of the bin is the same. */
function middleOf(bin: number): number {
  return (2 * GAMMA ** bin) / (GAMMA + 1);
}

function medianOf(ascending: Float64Array, counts: Float64Array, total: number): number {
  if (total === 0) return NaN;
  const at = (index: number): number => {
    let seen = 0;
    for (let place = 0; place < ascending.length; place++) {
      seen += counts[place] ?? 0;
      if (index < seen) return ascending[place] ?? NaN;
    }
    throw new RangeError(`index ${index} of ${total} values`);
  };
  return (at(Math.floor((total - 1) / 2)) + at(Math.floor(total / 2))) / 2;
}

/** The median of |value - centre|: on either side of the centre they ascend, so both sides are merged from there. */
function medianDeviation({ values, counts }: Weighted, centre: number, total: number): number {
  const deviations = new Float64Array(values.length);
  const weights = new Float64Array(values.length);
  const firstAbove = values.findIndex((value) => value >= centre);
  let right = firstAbove < 0 ? values.length : firstAbove;
  let left = right - 1;
  for (let at = 0; at < values.length; at++) {
    const below = left < 0 ? Infinity : centre - (values[left] ?? 0);
    const above = right >= values.length ? Infinity : (values[right] ?? 0) - centre;
    deviations[at] = Math.min(below, above);
    weights[at] = counts[below < above ? left-- : right++] ?? 0;
  }
  return medianOf(deviations, weights, total);
}
