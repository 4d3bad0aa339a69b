import {
  pairedIntervals,
  PredictionMetrics,
  quantile,
  seededRandom,
  type PairedIntervals,
  type PairedPredictions,
} from '@cosmicai/metrics';
import { isUsableTruth, type PredictionScores } from '@cosmicai/payload';

/** What another arithmetic changes, on galaxies that it was not calibrated on. */
export interface Change {
  readonly galaxies: number;
  /** Of |z after - z before|. */
  readonly maxDz: number;
  readonly meanDz: number;
  /** 99.9 % of the galaxies change by no more. */
  readonly dz999: number;
  /** Largest |z after - z before| / (1 + z before). */
  readonly maxRelativeDz: number;
  readonly before: PredictionScores;
  readonly after: PredictionScores;
}

/** A change, and how well it is known: what tables of it show. */
export interface ToldChange extends Change {
  /** Null where there are too few galaxies to tell. */
  readonly intervals: PairedIntervals | null;
}

export interface Limits {
  /** Of |dz| / (1 + z), for each galaxy. */
  readonly maxChange: number;
  /** Of the NMAD, as a share of it. */
  readonly maxNmadChange: number;
}

/** Predictions and spectroscopic redshifts of galaxies, as long as each other. */
export interface Compared {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly zSpec: readonly number[];
}

/** A prediction that is a number before and none after counts as an endless change. */
export function changeOf({ before, after, zSpec }: Compared): Change {
  const sizes = before.map((z, at) => {
    const size = Math.abs((after[at] ?? NaN) - z);
    return Number.isNaN(size) ? Infinity : size;
  });
  const relative = sizes.map((size, at) => (size === Infinity ? size : size / (1 + Math.abs(before[at] ?? 0))));
  return {
    galaxies: sizes.length,
    maxDz: largest(sizes),
    meanDz: sizes.reduce((sum, size) => sum + size, 0) / sizes.length,
    dz999: quantile(sizes, 0.999),
    maxRelativeDz: largest(relative),
    before: scoresOf(zSpec, before),
    after: scoresOf(zSpec, after),
  };
}

/** Of the bootstrap: the same predictions give the same intervals. */
const SEED = 1;

/** The same with intervals, over the galaxies that have a redshift and two predictions. */
export function toldChange(compared: Compared, resamples?: number): ToldChange {
  const options = { random: seededRandom(SEED), ...(resamples !== undefined && { resamples }) };
  return { ...changeOf(compared), intervals: pairedIntervals(usable(compared), options) };
}

/** Why a change is too large; undefined when it isn't. */
export function tooLarge({ maxRelativeDz, before, after }: Change, limits: Limits): string | undefined {
  if (!(maxRelativeDz <= limits.maxChange))
    return `a galaxy's redshift changes by ${maxRelativeDz.toExponential(1)} (1+z); allowed: ${limits.maxChange.toExponential(1)} (--max-change)`;
  const [nmad, now] = [before.precision, after.precision];
  if (nmad === null || now === null || nmad === 0) return undefined;
  const share = Math.abs(now - nmad) / nmad;
  return share <= limits.maxNmadChange
    ? undefined
    : `the NMAD changes by ${(100 * share).toFixed(1)} %, from ${nmad.toFixed(5)} to ${now.toFixed(5)}; allowed: ${100 * limits.maxNmadChange} % (--max-nmad-change)`;
}

function scoresOf(zSpec: readonly number[], zPred: readonly number[]): PredictionScores {
  const metrics = new PredictionMetrics();
  metrics.addAll(zSpec, zPred);
  return metrics.finish();
}

function usable({ zSpec, before, after }: Compared): PairedPredictions {
  const rows = zSpec.flatMap((z, at) => {
    const [was, is] = [before[at] ?? NaN, after[at] ?? NaN];
    return isUsableTruth(z) && Number.isFinite(was) && Number.isFinite(is) ? [[z, was, is] as const] : [];
  });
  const column = (place: 0 | 1 | 2) => Float64Array.from(rows, (row) => row[place]);
  return { zSpec: column(0), before: column(1), after: column(2) };
}

/** Not by spreading, which overflows the stack with hundreds of thousands. */
function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
