/* eslint-disable @typescript-eslint/no-non-null-assertion -- indices are fractions of the length of a list that isn't empty */
import { type Random } from './random.ts';

/**
 * Quantile by linear interpolation between order statistics (NumPy's default, Hyndman and Fan's definition 7).
 *
 * @param fraction from 0 (smallest) to 1 (largest)
 * @returns NaN of no values
 */
export function quantile(values: readonly number[], fraction: number): number {
  if (values.length === 0) return NaN;
  const sorted = Float64Array.from(values).sort();
  const position = fraction * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (position - below) * (sorted[above]! - sorted[below]!);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  readonly random: Random;
  /** Share of intervals that hold the true value, default 0.95. */
  readonly confidence?: number;
  /** Default 1,000. */
  readonly resamples?: number;
  /** Default the median. */
  readonly statistic?: (values: readonly number[]) => number;
}

/**
 * Percentile bootstrap interval (Efron 1979). With fewer than two values there is nothing to resample: null. With the three
 * repeats usual here it is little more than the range of the values, which is what such a small sample can say.
 */
export function bootstrapInterval(
  values: readonly number[],
  { random, confidence = 0.95, resamples = 1000, statistic = median }: BootstrapOptions,
): Interval | null {
  if (values.length < 2) return null;
  const draws = Array.from({ length: resamples }, () =>
    statistic(values.map(() => values[Math.floor(random() * values.length)]!)),
  );
  const tail = (1 - confidence) / 2;
  return { low: quantile(draws, tail), high: quantile(draws, 1 - tail) };
}
