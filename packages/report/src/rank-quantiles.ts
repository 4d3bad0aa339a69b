import { quantile } from '@cosmicai/metrics';

/** Ranks shown one by one at most; of more their quantiles are, with the slowest and the failed by name. */
export const MOST_RANKS_SHOWN = 1000;
/** Of a larger run: those that a reader looks for. */
export const RANKS_NAMED = 100;

const FRACTIONS = [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1] as const;
export const QUANTILES_NAMED = ['least', '5 %', '25 %', 'median', '75 %', '95 %', 'most'] as const;

/** Least, 5 %, 25 %, median, 75 %, 95 % and most of some values; NaN of none. */
export function quantilesOf(values: readonly number[]): number[] {
  return FRACTIONS.map((fraction) => quantile(values, fraction));
}

/** The ranks that took longest, the slowest first. */
export function slowest<Row extends { readonly seconds: number | null }>(rows: readonly Row[], count: number): Row[] {
  return rows.toSorted((a, b) => (b.seconds ?? -1) - (a.seconds ?? -1)).slice(0, count);
}
