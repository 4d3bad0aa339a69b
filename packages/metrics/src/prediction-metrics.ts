import { parseAs, type PredictionScores } from '@cosmicai/payload';
import { z } from 'zod';
import { exactProduct, ExactSum } from './exact-sum.ts';
import type { ByteReader } from './reduction/byte-reader.ts';
import type { ByteWriter } from './reduction/byte-writer.ts';
import { totalOf } from './reduction/counts.ts';
import { readSketch, writeSketch } from './residual-sketch.ts';
import { DEFAULT_EXACT_UP_TO, Residuals, residualsSchema, type KeptResiduals } from './residuals.ts';

/** |dz| beyond which a prediction is an outlier: the convention for the SDSS main galaxy sample, and the wider one of deep surveys. */
export const OUTLIER_LIMITS = [0.05, 0.15] as const;
/** Beyond this a value is not a redshift, and its square would leave the range in which sums are exact. */
const LARGEST_USABLE = 1e100;

const SUMS = ['absolute', 'squared', 'residual', 'z', 'z_squared'] as const;
type SumName = (typeof SUMS)[number];

const count = z.number().int().nonnegative();
const parts = z.array(z.number());
export const predictionMetricsSchema = residualsSchema.extend({
  count,
  excluded: count,
  outliers: z.tuple([count, count]),
  sums: z.object({ absolute: parts, squared: parts, residual: parts, z: parts, z_squared: parts }),
});
export type PredictionMetricsJson = z.output<typeof predictionMetricsSchema>;

export interface PredictionMetricsOptions {
  /** Residuals kept for an exact NMAD; more than that go into a sketch. 0 keeps memory and JSON small from the start. */
  readonly exactUpTo?: number;
}

/** Metrics as files hold them. */
export interface KeptMetrics {
  readonly count: number;
  readonly excluded: number;
  readonly outliers: readonly [number, number];
  readonly sums: Readonly<Record<SumName, readonly number[]>>;
  readonly residuals: KeptResiduals;
}

/**
 * Accumulates predictions into metrics. Sums are exact, so ranks can be merged in any order and grouping with the same
 * outcome to the last bit.
 */
export class PredictionMetrics {
  #count = 0;
  #excluded = 0;
  readonly #outliers: [number, number] = [0, 0];
  readonly #sums: Readonly<Record<SumName, ExactSum>>;
  readonly #residuals: Residuals;

  constructor({ exactUpTo = DEFAULT_EXACT_UP_TO }: PredictionMetricsOptions = {}) {
    this.#residuals = new Residuals(exactUpTo);
    this.#sums = noSums();
  }

  /** @throws InvalidInputError */
  static fromJSON(json: unknown): PredictionMetrics {
    const parsed = parseAs(predictionMetricsSchema, json, 'prediction metrics');
    const metrics = new PredictionMetrics({ exactUpTo: parsed.exact_up_to });
    metrics.#count = parsed.count;
    metrics.#excluded = parsed.excluded;
    metrics.#outliers[0] = parsed.outliers[0];
    metrics.#outliers[1] = parsed.outliers[1];
    for (const name of SUMS) metrics.#sums[name].merge(new ExactSum(parsed.sums[name]));
    metrics.#residuals.merge(Residuals.fromJSON(parsed));
    return metrics;
  }

  get count(): number {
    return this.#count;
  }

  /** @param zSpec spectroscopic redshift; NaN where unknown: the prediction is then counted as excluded */
  add(zSpec: number, zPred: number): void {
    if (!(zSpec > -1 && zSpec < LARGEST_USABLE && Math.abs(zPred) < LARGEST_USABLE)) {
      this.#excluded++;
      return;
    }
    const error = zPred - zSpec;
    const residual = error / (1 + zSpec);
    this.#count++;
    if (Math.abs(residual) > OUTLIER_LIMITS[0]) this.#outliers[0]++;
    if (Math.abs(residual) > OUTLIER_LIMITS[1]) this.#outliers[1]++;
    this.#sums.absolute.add(Math.abs(error));
    this.#sums.squared.addProduct(error, error);
    this.#sums.residual.add(residual);
    this.#sums.z.add(zSpec);
    this.#sums.z_squared.addProduct(zSpec, zSpec);
    this.#residuals.add(residual);
  }

  /** Both are of the same galaxies, in the same order. */
  addAll(zSpec: ArrayLike<number>, zPred: ArrayLike<number>): void {
    if (zSpec.length !== zPred.length) {
      throw new RangeError(`${zSpec.length} spectroscopic redshifts for ${zPred.length} predictions`);
    }
    for (let at = 0; at < zSpec.length; at++) {
      // eslint-disable-next-line @typescript-eslint/no-non-null-assertion -- both have this length
      this.add(zSpec[at]!, zPred[at]!);
    }
  }

  /** Takes the others' predictions in; the others stay as they are. */
  merge(...others: readonly PredictionMetrics[]): this {
    for (const other of others) {
      this.#count += other.#count;
      this.#excluded += other.#excluded;
      this.#outliers[0] += other.#outliers[0];
      this.#outliers[1] += other.#outliers[1];
      for (const name of SUMS) this.#sums[name].merge(other.#sums[name]);
    }
    this.#residuals.merge(...others.map((other) => other.#residuals));
    return this;
  }

  /** Takes in what a file holds. */
  absorb({ count: galaxies, excluded, outliers, sums, residuals }: KeptMetrics): void {
    this.#count += galaxies;
    this.#excluded += excluded;
    this.#outliers[0] += outliers[0];
    this.#outliers[1] += outliers[1];
    for (const name of SUMS) for (const part of sums[name]) this.#sums[name].add(part);
    this.#residuals.absorb(residuals);
  }

  /** For a file. */
  kept(): KeptMetrics {
    return {
      count: this.#count,
      excluded: this.#excluded,
      outliers: [...this.#outliers],
      sums: bySum((name) => this.#sums[name].parts),
      residuals: this.#residuals.kept(),
    };
  }

  /** Whether the residuals themselves are there, and not only their sketch. */
  get areExact(): boolean {
    return this.#residuals.areExact;
  }

  /**
   * mae = mean |p - z|; mse = mean (p - z)^2; bias = mean dz with dz = (p - z) / (1 + z); precision = NMAD of dz;
   * r2 = 1 - sum (z - p)^2 / sum (z - mean z)^2; outlier_fraction_005 and _015 = fraction with |dz| above 0.05 and 0.15.
   */
  finish(): PredictionScores {
    const n = this.#count;
    const mean = (total: number) => (n === 0 ? null : total / n);
    const precision = n === 0 ? null : this.#residuals.nmad();
    return {
      count: n,
      excluded: this.#excluded,
      mae: mean(this.#sums.absolute.value),
      mse: mean(this.#sums.squared.value),
      bias: mean(this.#sums.residual.value),
      precision: precision?.value ?? null,
      precision_error: precision?.error ?? null,
      r2: this.#r2(),
      outlier_fraction_005: mean(this.#outliers[0]),
      outlier_fraction_015: mean(this.#outliers[1]),
    };
  }

  toJSON(): PredictionMetricsJson {
    return {
      count: this.#count,
      excluded: this.#excluded,
      outliers: [...this.#outliers],
      sums: bySum((name) => [...this.#sums[name].parts]),
      ...this.#residuals.toJSON(),
    };
  }

  /**
   * n * sum z^2 - (sum z)^2 loses all its digits in plain doubles when redshifts lie close together; as exact sums it is
   * rounded only once.
   */
  #r2(): number | null {
    const n = this.#count;
    const spread = exactProduct(new ExactSum([n]), this.#sums.z_squared);
    const squareOfSum = exactProduct(this.#sums.z, this.#sums.z);
    for (const part of squareOfSum.parts) spread.add(-part);
    return spread.value > 0 ? 1 - (n * this.#sums.squared.value) / spread.value : null;
  }
}

function noSums(): Record<SumName, ExactSum> {
  return bySum(() => new ExactSum());
}

function bySum<Value>(of: (name: SumName) => Value): Record<SumName, Value> {
  return Object.fromEntries(SUMS.map((name) => [name, of(name)])) as Record<SumName, Value>;
}

/** Without the residuals themselves, which a file has at its end. */
export function writeMetrics(
  writer: ByteWriter,
  { count: galaxies, excluded, outliers, sums, residuals }: KeptMetrics,
) {
  for (const value of [galaxies, excluded, ...outliers]) writer.whole(value);
  for (const name of SUMS) {
    writer.whole(sums[name].length);
    for (const part of sums[name]) writer.double(part);
  }
  writeSketch(writer, residuals.sketch);
}

/** @throws UnusableFileError */
export function readMetrics(reader: ByteReader): KeptMetrics {
  const [galaxies, excluded] = [reader.whole(), reader.whole()];
  const outliers = [reader.whole(), reader.whole()] as const;
  const sums = bySum(() => Array.from({ length: reader.length(8) }, () => reader.double()));
  const sketch = readSketch(reader);
  const sketched = sketch.zero + totalOf(sketch.negative) + totalOf(sketch.positive);
  if (sketched !== galaxies) reader.fail(`its sketch is of ${sketched} residuals, and ${galaxies} were counted`);
  return { count: galaxies, excluded, outliers, sums, residuals: { sketch } };
}
