/* eslint-disable @typescript-eslint/no-non-null-assertion, @typescript-eslint/prefer-for-of -- indices are rows of arrays of this
   length; iterators over typed arrays take ten times as long, which a thousand draws feel */
import { nmad } from './nmad.ts';
import { OUTLIER_LIMITS } from './prediction-metrics.ts';
import type { Random } from './random.ts';
import { quantile, type Interval } from './statistics.ts';

/** The scores whose intervals are told, by their names in PredictionScores. */
export const INTERVAL_SCORES = ['mae', 'precision', 'r2', 'outlier_fraction_005'] as const;
export type IntervalScore = (typeof INTERVAL_SCORES)[number];
export type ScoreIntervals = Readonly<Record<IntervalScore, Interval>>;

/** Two predictions of the same galaxies: how far chance in which galaxies these are may move the scores of each, and their difference. */
export interface PairedIntervals {
  readonly before: ScoreIntervals;
  readonly after: ScoreIntervals;
  /** Of the score after less the score before, of the same draws: much narrower than either. */
  readonly change: ScoreIntervals;
}

/** Finite, and as long as each other. */
export interface PairedPredictions {
  readonly zSpec: Float64Array;
  readonly before: Float64Array;
  readonly after: Float64Array;
}

export interface PairedOptions {
  readonly random: Random;
  /** Default 1,000. */
  readonly resamples?: number;
}

/** Central 95 % by resampling galaxies (Efron 1979); null of fewer than two, or of galaxies at one redshift. */
export function pairedIntervals(
  { zSpec, before, after }: PairedPredictions,
  { random, resamples = 1000 }: PairedOptions,
): PairedIntervals | null {
  if (zSpec.length < 2 || zSpec.every((z) => z === zSpec[0])) return null;
  const draws = Array.from({ length: resamples }, () => {
    const rows = new Uint32Array(zSpec.length);
    for (let place = 0; place < rows.length; place++) rows[place] = Math.floor(random() * rows.length);
    return { before: scoresOfRows(zSpec, before, rows), after: scoresOfRows(zSpec, after, rows) };
  });
  const intervals = (of: (draw: (typeof draws)[number], name: IntervalScore) => number): ScoreIntervals => {
    const interval = (name: IntervalScore): Interval => {
      const values = draws.map((draw) => of(draw, name)).filter(Number.isFinite);
      return { low: quantile(values, 0.025), high: quantile(values, 0.975) };
    };
    return {
      mae: interval('mae'),
      precision: interval('precision'),
      r2: interval('r2'),
      outlier_fraction_005: interval('outlier_fraction_005'),
    };
  };
  return {
    before: intervals((draw, name) => draw.before[name]),
    after: intervals((draw, name) => draw.after[name]),
    change: intervals((draw, name) => draw.after[name] - draw.before[name]),
  };
}

/** As PredictionMetrics has them to within rounding, for a thousand draws in a second. R2 of one redshift is none: NaN or infinite. */
export function scoresOfRows(
  zSpec: Float64Array,
  zPred: Float64Array,
  rows: Uint32Array,
): Readonly<Record<IntervalScore, number>> {
  const residuals = new Float64Array(rows.length);
  let [absolute, squared, outliers, sum] = [0, 0, 0, 0];
  for (let place = 0; place < rows.length; place++) sum += zSpec[rows[place]!]!;
  const mean = sum / rows.length;
  let spread = 0;
  for (let place = 0; place < rows.length; place++) {
    const row = rows[place]!;
    const z = zSpec[row]!;
    const error = zPred[row]! - z;
    const residual = error / (1 + z);
    residuals[place] = residual;
    absolute += Math.abs(error);
    squared += error * error;
    spread += (z - mean) ** 2;
    if (Math.abs(residual) > OUTLIER_LIMITS[0]) outliers++;
  }
  return {
    mae: absolute / rows.length,
    precision: nmad(residuals),
    r2: 1 - squared / spread,
    outlier_fraction_005: outliers / rows.length,
  };
}
