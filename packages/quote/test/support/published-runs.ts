import { BITS_PER_SAMPLE } from '@cosmicai/metrics';
import { PUBLISHED_SYSTEM, type Calibration, type RunPlan } from '../../src/index.ts';

/** A configuration of the published system and how long its three runs took. */
export interface PublishedRuns {
  readonly megabytes: number;
  readonly gigabytes: number;
  readonly ranks: number;
  /** Seconds of each run, by whoever recorded them. */
  readonly recorded: readonly number[];
}

/** Megabytes of a partition, gigabytes, ranks, seconds of three runs: total_execution_time.csv of UVA-MLSys/AI-for-Astronomy (Apache-2.0). */
const ROWS: readonly (readonly [megabytes: number, gigabytes: number, ranks: number, recorded: readonly number[]])[] = [
  [25, 1, 41, [26.642, 28.89, 20.424]],
  [25, 2, 82, [33.249, 29.158, 28.655]],
  [25, 4, 164, [34.073, 38.375, 28.926]],
  [25, 6, 246, [38.602, 41.322, 35.117]],
  [25, 8, 328, [46.96, 41.735, 56.003]],
  [25, 10, 410, [51.575, 50.701, 46.484]],
  [25, 12.6, 517, [59.789, 55.076, 55.607]],
  [50, 1, 21, [27.264, 26.668, 23.591]],
  [50, 2, 41, [31.26, 31.697, 31.688]],
  [50, 4, 82, [33.396, 33.144, 33.059]],
  [50, 6, 123, [39.869, 36.108, 36.648]],
  [50, 8, 164, [38.041, 37.312, 38.077]],
  [50, 10, 205, [40.331, 41.245, 42.897]],
  [50, 12.6, 259, [43.206, 45.546, 45.92]],
  [75, 1, 14, [38.746, 39.163, 39.507]],
  [75, 2, 28, [41.169, 40.866, 41.887]],
  [75, 4, 55, [43.089, 43.294, 47.971]],
  [75, 6, 82, [49.995, 44.647, 44.643]],
  [75, 8, 110, [46.351, 52.35, 42.6]],
  [75, 10, 137, [53.376, 47.972, 46.899]],
  [75, 12.6, 173, [50.825, 52.275, 44.953]],
  [100, 1, 11, [38.314, 28.85, 30.77]],
  [100, 2, 21, [30.54, 31.73, 38.55]],
  [100, 4, 41, [61.291, 61.69, 60.97]],
  [100, 6, 62, [56.67, 62.34, 74.21]],
  [100, 8, 82, [66.34, 56.7, 66.24]],
  [100, 10, 103, [59.84, 68.01, 60.01]],
  [100, 12.6, 130, [67.39, 70.1, 68.19]],
];

export const PUBLISHED_RUNS: readonly PublishedRuns[] = ROWS.map(([megabytes, gigabytes, ranks, recorded]) => ({
  megabytes,
  gigabytes,
  ranks,
  recorded,
}));

/** Of 12.6 GB. */
const GALAXIES = 659_857;
/** Published sum of all ranks' rates at 12.6 GB in Gbit/s, and their number, by megabytes of a partition. */
const RATES: Readonly<Record<number, { readonly gbitPerSecond: number; readonly ranks: number }>> = {
  25: { gbitPerSecond: 18.04, ranks: 517 },
  50: { gbitPerSecond: 9.7, ranks: 259 },
  75: { gbitPerSecond: 6.66, ranks: 173 },
  100: { gbitPerSecond: 5.12, ranks: 130 },
};

/** The run as it was planned, and its system with the published rate of a rank. */
export function publishedPlan({ megabytes, ranks }: PublishedRuns): { plan: RunPlan; calibration: Calibration } {
  const all = RATES[megabytes];
  if (all === undefined) throw new Error(`no rate of ${megabytes} MB`);
  const samples = GALAXIES / all.ranks;
  return {
    plan: {
      ranks: Array.from({ length: ranks }, () => ({ samples, bytes: samples * 20_528, files: 1 })),
      batchSize: 512,
      memoryMb: 7168,
      ephemeralStorageMb: 512,
      architecture: 'x86_64',
      maxConcurrency: 1000,
      fmi: false,
      childType: 'EXPRESS',
    },
    calibration: {
      ...PUBLISHED_SYSTEM,
      samplesPerSecond: (all.gbitPerSecond * 1e9) / all.ranks / BITS_PER_SAMPLE,
    },
  };
}
