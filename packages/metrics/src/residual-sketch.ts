import { parseAs } from '@cosmicai/payload';
import { z } from 'zod';
import { NMAD_FACTOR } from './nmad.ts';

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

/**
 * Counts of residuals in logarithmic bins, both signs (the idea of DDSketch: Masson, Rim, Lee, VLDB 2019). Memory is
 * bounded by the three million bins there are whatever the number of values; in practice some ten thousand are occupied. Merging is
 * adding counts, so order never matters.
 */
export class ResidualSketch {
  #zero = 0;
  readonly #negative = new Map<number, number>();
  readonly #positive = new Map<number, number>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(residual: number): void {
    this.#count++;
    const size = Math.abs(residual);
    if (size < SMALLEST) this.#zero++;
    else increase(residual < 0 ? this.#negative : this.#positive, binOf(size), 1);
  }

  merge(other: ResidualSketch): void {
    this.#count += other.#count;
    this.#zero += other.#zero;
    for (const [bin, n] of [...other.#negative]) increase(this.#negative, bin, n);
    for (const [bin, n] of [...other.#positive]) increase(this.#positive, bin, n);
  }

  /**
   * NMAD with the bound of its error. With relative error a of each value, the median m is off by at most a|m|, and a
   * deviation t belongs to a value of at most t + |m|, so it is off by at most a(t + 2|m|); an order statistic is then
   * off by no more than that at the true one.
   */
  nmad(): Estimate {
    const values = this.#sorted();
    const centre = medianOf(values, this.#count);
    const deviations = values.map(([value, n]): Weighted => [Math.abs(value - centre), n]);
    const mad = medianOf(
      deviations.sort(([a], [b]) => a - b),
      this.#count,
    );
    const relative = SKETCH_RELATIVE_ERROR / (1 - SKETCH_RELATIVE_ERROR);
    return {
      value: NMAD_FACTOR * mad,
      error: NMAD_FACTOR * (2 * SMALLEST + relative * (mad + 2 * Math.abs(centre)) * (1 + 4 * relative)),
    };
  }

  toJSON(): ResidualSketchJson {
    return { zero: this.#zero, negative: [...this.#negative], positive: [...this.#positive] };
  }

  /** @throws InvalidInputError */
  static fromJSON(json: unknown): ResidualSketch {
    const parsed = parseAs(residualSketchSchema, json, 'residual sketch');
    const sketch = new ResidualSketch();
    sketch.#zero = sketch.#count = parsed.zero;
    for (const [map, entries] of [
      [sketch.#negative, parsed.negative],
      [sketch.#positive, parsed.positive],
    ] as const) {
      for (const [bin, n] of entries) {
        increase(map, bin, n);
        sketch.#count += n;
      }
    }
    return sketch;
  }

  #sorted(): Weighted[] {
    const negative = [...this.#negative].map(([bin, n]): Weighted => [-middleOf(bin), n]);
    const positive = [...this.#positive].map(([bin, n]): Weighted => [middleOf(bin), n]);
    return [...negative, [0, this.#zero] as const, ...positive].sort(([a], [b]) => a - b);
  }
}

type Weighted = readonly [value: number, count: number];

function binOf(size: number): number {
  return Math.min(LAST_BIN, Math.max(FIRST_BIN, Math.ceil(Math.log(size) / LOG_GAMMA)));
}

/** The value whose relative distance to both ends of the bin is the same. */
function middleOf(bin: number): number {
  return (2 * GAMMA ** bin) / (GAMMA + 1);
}

function increase(map: Map<number, number>, bin: number, by: number): void {
  map.set(bin, (map.get(bin) ?? 0) + by);
}

function medianOf(sorted: readonly Weighted[], total: number): number {
  if (total === 0) return NaN;
  const at = (index: number): number => {
    let seen = 0;
    for (const [value, n] of sorted) {
      seen += n;
      if (index < seen) return value;
    }
    throw new RangeError(`index ${index} of ${total} values`);
  };
  return (at(Math.floor((total - 1) / 2)) + at(Math.floor(total / 2))) / 2;
}
