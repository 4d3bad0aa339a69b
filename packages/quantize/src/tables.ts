import { INTERVAL_SCORES, type Interval, type IntervalScore } from '@cosmicai/metrics';
import type { PredictionScores, QuantizedLayer } from '@cosmicai/payload';
import type { Bin, BinnedChange } from './bins.ts';
import type { ToldChange } from './change.ts';

/** A table as plain data; whoever shows it decides how. */
export interface ChangeTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns that hold figures and are set flush right. */
  readonly figures: readonly number[];
}

const NONE = '–';
const DECIMALS: Readonly<Record<IntervalScore, number>> = {
  mae: 5,
  precision: 5,
  r2: 4,
  outlier_fraction_005: 4,
};
const NAMES: Readonly<Record<IntervalScore, string>> = {
  mae: 'MAE',
  precision: 'NMAD',
  r2: 'R2',
  outlier_fraction_005: 'outliers, |dz| > 0.05',
};

/** Scores of two models and what the difference is: a row each, with central 95 % of resampled galaxies. */
export function scoresChangeTable(
  { before, after, intervals }: ToldChange,
  [first, second]: readonly [string, string] = ['before', 'in 8 bits'],
): ChangeTable {
  return {
    title: 'Scores',
    columns: ['score', first, '95 %', second, '95 %', 'change', '95 %'],
    figures: [1, 3, 5],
    rows: INTERVAL_SCORES.map((name) => {
      const decimals = DECIMALS[name];
      const cells = (value: number | null, interval: Interval | undefined) => [
        value === null ? NONE : value.toFixed(decimals),
        intervalText(interval, (end) => end.toFixed(decimals)),
      ];
      return [
        NAMES[name],
        ...cells(before[name], intervals?.before[name]),
        ...cells(after[name], intervals?.after[name]),
        difference(before, after, name),
        intervalText(intervals?.change[name], small),
      ];
    }),
  };
}

/** What each layer gains and changes, and whether it is in integers. */
export function layersTable(layers: readonly QuantizedLayer[]): ChangeTable {
  return {
    title: 'Layers',
    columns: [
      'layer',
      'products',
      'matrix',
      'float32, us a galaxy',
      '8 bits',
      'gain',
      'change, of the limit',
      'in 8 bits',
    ],
    figures: [1, 3, 4, 5, 6],
    rows: layers.map(({ products, depth, columns, fp32_us, int8_us, change, integers, block }) => [
      products[0] ?? NONE,
      String(products.length),
      `${depth} x ${columns}`,
      String(fp32_us),
      String(int8_us),
      `${(fp32_us / int8_us).toFixed(2)}x`,
      int8_us < fp32_us ? `${(100 * change).toFixed(1)} %` : NONE,
      integers ? (block === undefined ? 'yes' : `by blocks of ${block}`) : 'no',
    ]),
  };
}

/** How much redshifts and the NMAD change in each bin. */
export function binTables({ redshift, magnitude, band }: BinnedChange): ChangeTable[] {
  return [binTable('z', redshift, 3), ...(band === undefined ? [] : [binTable(band, magnitude, 2)])];
}

function binTable(what: string, bins: readonly Bin[], decimals: number): ChangeTable {
  return {
    title: `By ${what}`,
    columns: [what, 'galaxies', 'largest |dz|', 'mean |dz|', 'NMAD', 'in 8 bits', 'change', '95 %'],
    figures: [1, 2, 3, 4, 5, 6],
    rows: bins.map(({ from, to, change }) => [
      `${from.toFixed(decimals)} to ${to.toFixed(decimals)}`,
      String(change.galaxies),
      small(change.maxDz),
      small(change.meanDz),
      ...[change.before, change.after].map(({ precision }) => precision?.toFixed(DECIMALS.precision) ?? NONE),
      difference(change.before, change.after, 'precision'),
      intervalText(change.intervals?.change.precision, small),
    ]),
  };
}

function difference(before: PredictionScores, after: PredictionScores, name: IntervalScore): string {
  const [was, is] = [before[name], after[name]];
  return was === null || is === null ? NONE : small(is - was);
}

function small(value: number): string {
  return value === 0 ? '0' : value.toExponential(1);
}

function intervalText(interval: Interval | undefined, text: (value: number) => string): string {
  return interval === undefined || !Number.isFinite(interval.low + interval.high)
    ? NONE
    : `[${text(interval.low)}, ${text(interval.high)}]`;
}
