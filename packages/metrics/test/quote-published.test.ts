import {
  BITS_PER_SAMPLE,
  calibratedBy,
  DEFAULT_AWS_LIMITS,
  normaliseRankResults,
  pricesOf,
  PUBLISHED_SYSTEM,
  quoteRun,
  type RankLoad,
} from '../src/index.ts';
import { publishedFile } from './reference.ts';

const perRankResults = publishedFile('cai_25MB_1GB_run1_combined_data.json');
const durations = publishedFile('cai_total_execution_time.csv');

/** Partition size, ranks for 12.6 GB and the published sum of the ranks' rates (Gbit/s). */
const PUBLISHED = [
  { megabytes: 25, ranks: 517, gbitPerSecond: 18.04 },
  { megabytes: 50, ranks: 259, gbitPerSecond: 9.7 },
  { megabytes: 75, ranks: 173, gbitPerSecond: 6.66 },
  { megabytes: 100, ranks: 130, gbitPerSecond: 5.12 },
];
const GALAXIES = 659_857;
const MEMORY_MB = 7168;

function recordedSeconds(megabytes: number): number {
  const runs = durations!
    .trim()
    .split('\n')
    .map((line) => line.split(','))
    .filter(([partition, data]) => Number(partition) === megabytes && data === '12.6')
    .map(([, , , , duration]) => {
      const [minutes, seconds] = duration!.split(':').map(Number);
      return minutes! * 60 + seconds!;
    });
  expect(runs).toHaveLength(3);
  return runs.reduce((sum, seconds) => sum + seconds, 0) / runs.length;
}

function evenly(galaxies: number, ranks: number): RankLoad[] {
  const samples = galaxies / ranks;
  return Array.from({ length: ranks }, () => ({ samples, bytes: samples * 20_528, files: 1 }));
}

const given = perRankResults === undefined || durations === undefined ? it.skip : it;

describe('the quote of the published system', () => {
  given('from its per-rank rates, never fitted to its durations, is within 35 % of them', () => {
    const ranks = normaliseRankResults(JSON.parse(perRankResults!)).map(({ measurement }) => measurement);
    const spread = calibratedBy(ranks, {
      base: { ...PUBLISHED_SYSTEM, samplesPerSecond: 1, vcpus: 1 },
      vcpus: MEMORY_MB / DEFAULT_AWS_LIMITS.memoryMbPerVcpu,
      source: 'published per-rank results',
    });

    const rows = PUBLISHED.map(({ megabytes, ranks: count, gbitPerSecond }) => {
      const quote = quoteRun(
        {
          ranks: evenly(GALAXIES, count),
          batchSize: 512,
          memoryMb: MEMORY_MB,
          ephemeralStorageMb: 512,
          architecture: 'x86_64',
          maxConcurrency: 1000,
          fmi: false,
          childType: 'EXPRESS',
        },
        { ...spread, samplesPerSecond: (gbitPerSecond * 1e9) / count / BITS_PER_SAMPLE },
        { prices: pricesOf('us-east-1'), seed: 12 },
      );
      const recorded = recordedSeconds(megabytes);
      return {
        megabytes,
        recorded,
        quoted: quote.seconds.median,
        error: quote.seconds.median / recorded - 1,
        ...quote.phases,
      };
    });

    console.log(
      rows
        .map(
          (row) =>
            `${row.megabytes} MB: recorded ${row.recorded.toFixed(1)} s, quoted ${row.quoted.toFixed(1)} s (${(100 * row.error).toFixed(0)} %), map ${row.map.toFixed(1)}, summarize ${row.summarize.toFixed(1)}`,
        )
        .join('\n'),
    );
    for (const { error } of rows) expect(Math.abs(error)).toBeLessThanOrEqual(0.35);
  });
});
