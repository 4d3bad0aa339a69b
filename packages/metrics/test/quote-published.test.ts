import {
  BITS_PER_SAMPLE,
  calibratedBy,
  DEFAULT_AWS_LIMITS,
  mean,
  pricesOf,
  PUBLISHED_SYSTEM,
  quoteRun,
  type RankLoad,
  readRankResults,
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

interface Recorded {
  readonly megabytes: number;
  readonly gigabytes: number;
  readonly ranks: number;
  /** Mean of three runs. */
  readonly seconds: number;
}

function recorded(): Recorded[] {
  const runs = durations!
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [megabytes, gigabytes, , ranks, duration] = line.split(',');
      const [minutes, seconds] = duration!.split(':').map(Number);
      return {
        megabytes: Number(megabytes),
        gigabytes: Number(gigabytes),
        ranks: Number(ranks),
        seconds: minutes! * 60 + seconds!,
      };
    });
  return [...Map.groupBy(runs, ({ megabytes, gigabytes }) => `${megabytes} ${gigabytes}`).values()].map((repeats) => ({
    ...repeats[0]!,
    seconds: mean(repeats.map(({ seconds }) => seconds)),
  }));
}

function evenly(galaxiesEach: number, ranks: number): RankLoad[] {
  return Array.from({ length: ranks }, () => ({ samples: galaxiesEach, bytes: galaxiesEach * 20_528, files: 1 }));
}

const given = perRankResults === undefined || durations === undefined ? it.skip : it;

describe('the quote of the published system', () => {
  given('from its per-rank rates, never fitted to its durations, is within 35 % of every one of them', () => {
    const measured = readRankResults(JSON.parse(perRankResults!)).ranks.map(({ measurement }) => measurement);
    const spread = calibratedBy(measured, {
      base: { ...PUBLISHED_SYSTEM, samplesPerSecond: 1, vcpus: 1 },
      vcpus: MEMORY_MB / DEFAULT_AWS_LIMITS.memoryMbPerVcpu,
      source: 'published per-rank results',
    });

    const rows = recorded().map(({ megabytes, gigabytes, ranks, seconds }) => {
      const rates = PUBLISHED.find((row) => row.megabytes === megabytes)!;
      const quote = quoteRun(
        {
          ranks: evenly(GALAXIES / rates.ranks, ranks),
          batchSize: 512,
          memoryMb: MEMORY_MB,
          ephemeralStorageMb: 512,
          architecture: 'x86_64',
          maxConcurrency: 1000,
          fmi: false,
          childType: 'EXPRESS',
        },
        { ...spread, samplesPerSecond: (rates.gbitPerSecond * 1e9) / rates.ranks / BITS_PER_SAMPLE },
        { prices: pricesOf('us-east-1'), seed: 12 },
      );
      return {
        megabytes,
        gigabytes,
        ranks,
        seconds,
        quoted: quote.seconds.median,
        error: quote.seconds.median / seconds - 1,
      };
    });

    console.log(
      rows
        .map(
          ({ megabytes, gigabytes, ranks, seconds, quoted, error }) =>
            `${megabytes} MB x ${ranks} (${gigabytes} GB): recorded ${seconds.toFixed(1)} s, quoted ${quoted.toFixed(1)} s, ${(100 * error).toFixed(0)} %`,
        )
        .join('\n'),
    );
    expect(rows).toHaveLength(28);
    expect(rows.filter(({ gigabytes }) => gigabytes === 12.6)).toHaveLength(4);
    expect(rows.filter(({ error }) => Math.abs(error) > 0.35)).toEqual([]);
    expect(mean(rows.map(({ error }) => Math.abs(error)))).toBeLessThan(0.15);
  });
});
