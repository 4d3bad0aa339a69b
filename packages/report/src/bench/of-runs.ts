import type { BenchReport, BenchRun } from '@cosmicai/bench';
import { median } from '@cosmicai/metrics';
import { formatNumber } from '../format.ts';
import type { RunReport } from '../run-report.ts';

/** A run to be compared with others. */
export interface ComparedRun {
  /** What people call it, e.g. its file. */
  readonly name: string;
  readonly report: RunReport;
}

const BYTES_PER_GB = 2 ** 30;
const BYTES_PER_MB = 2 ** 20;

/**
 * Sets runs beside each other as the runs of a sweep: by world size, batch size, amount of data, device where there are several,
 * and size of its partitions.
 * Where any of them does not know its wall clock, all are compared by their slowest rank, and the report says so: the two
 * differ by more than what is compared.
 */
export function benchReportOfRuns(
  runs: readonly ComparedRun[],
  { title, generatedAt }: { readonly title: string; readonly generatedAt: string },
): BenchReport {
  const basis = runs.every(({ report }) => report.wallClockSeconds !== null) ? 'wall clock' : 'slowest rank';
  const seen = new Map<string, number>();
  const devices = new Set(runs.map(({ report }) => report.configuration.device));
  const warnings = runs.flatMap(({ name, report }) => [
    ...(batchSizeOf(report) === undefined || report.ranks.length === 0
      ? [
          `${name} is not compared, because it does not tell ${report.ranks.length === 0 ? 'any rank' : 'its batch size'}`,
        ]
      : []),
    ...[...report.warnings, ...report.notUnderstood].map((sentence) => `${name}: ${sentence}`),
  ]);
  const compared = runs.flatMap(({ name, report }): BenchRun[] => {
    const batchSize = batchSizeOf(report);
    if (batchSize === undefined || report.ranks.length === 0) return [];
    const configuration = {
      world_size: report.ranks.length,
      batch_size: batchSize,
      data_size: `${formatNumber(report.bits / 8 / BYTES_PER_GB, 2)} GB${devices.size > 1 ? ` on ${String(report.configuration.device ?? 'an unknown device')}` : ''}`,
      partition_size: partitionSizeOf(report),
    };
    const key = JSON.stringify(configuration);
    const repeat = (seen.get(key) ?? 0) + 1;
    seen.set(key, repeat);
    const slowest = most(report.ranks.map(({ seconds }) => seconds));
    const seconds = basis === 'wall clock' ? report.wallClockSeconds : slowest;
    const over = (amount: number) => (seconds === null || seconds === 0 ? null : amount / seconds);
    return [
      {
        ...configuration,
        repeat,
        start: report.ranks.every(({ initSeconds }) => initSeconds === 0) ? 'warm' : 'cold',
        status: report.status === 'FAILED' ? 'FAILED' : 'SUCCEEDED',
        samples: report.samples,
        duration_seconds: seconds,
        slowest_rank_seconds: slowest,
        memory_mb: most(report.ranks.map(({ memoryMb }) => memoryMb)),
        cost_usd: report.cost?.usd ?? null,
        throughput_rps: over(report.samples),
        throughput_bps: over(report.bits),
        run_id: report.runId ?? name,
        error: report.failedRanks[0]?.error ?? null,
      },
    ];
  });
  return {
    title,
    generatedAt,
    basis,
    runs: compared,
    configuration: Object.fromEntries(runs.map(({ name, report }) => [name, report.title])),
    versions: {},
    warnings: first(warnings),
    seed: 1,
  };
}

/** Runs by the hundred may all have the same to say. */
const MOST_WARNINGS = 50;

function first(warnings: readonly string[]): string[] {
  const more = warnings.length - MOST_WARNINGS;
  return more > 0 ? [...warnings.slice(0, MOST_WARNINGS), `… and ${more} more`] : [...warnings];
}

function batchSizeOf({ configuration }: RunReport): number | undefined {
  const size = Number(configuration.batch_size);
  return Number.isInteger(size) && size > 0 ? size : undefined;
}

/** Bytes of image and magnitudes of the typical rank, rounded to whole MB. */
function partitionSizeOf({ ranks, bits, samples }: RunReport): string | null {
  const counts = ranks.flatMap((rank) => (rank.samples === null ? [] : [rank.samples]));
  if (counts.length === 0 || samples === 0) return null;
  return `${Math.round((median(counts) * bits) / samples / 8 / BYTES_PER_MB)} MB`;
}

function most(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>((high, value) => (value === null ? high : Math.max(high ?? value, value)), null);
}
