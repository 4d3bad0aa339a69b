import type { BenchRun } from './bench-run.ts';
import type { RunFigures, SweepExecution } from './sweep-target.ts';
import type { SweepRun } from './sweep.ts';

/** A sweep's row about one of its runs; a run that failed is a result too. */
export async function rowOf(run: SweepRun, execution: SweepExecution): Promise<BenchRun> {
  if (execution.figures === undefined)
    return { ...run, start: 'cold', ...UNKNOWN, status: statusOf(execution, undefined), error: errorOf(execution) };
  const { summary, reports, ranks, rates, cost } = await execution.figures();
  // Ranks tell too, but count an environment that was kept ready for them as a new one.
  const cold =
    reports.length > 0 && reports.length >= summary.ranks.succeeded
      ? reports.some(({ initDurationMs }) => initDurationMs !== undefined)
      : summary.ranks.cold_starts > 0;
  return {
    ...run,
    start: cold ? 'cold' : 'warm',
    status: statusOf(execution, summary),
    samples: summary.samples,
    duration_seconds: summary.wall_clock_seconds,
    slowest_rank_seconds: summary.slowest_rank_seconds,
    memory_mb: ranks.reduce((most, rank) => Math.max(most, rank.memoryMb ?? 0), 0),
    cost_usd: cost?.usd ?? null,
    throughput_rps: rates.byWallClock?.samplesPerSecond ?? null,
    throughput_bps: rates.byWallClock?.bitsPerSecond ?? null,
    run_id: summary.run_id,
    error: execution.status === 'SUCCEEDED' ? null : errorOf(execution),
  };
}

const UNKNOWN = {
  samples: null,
  duration_seconds: null,
  slowest_rank_seconds: null,
  memory_mb: null,
  cost_usd: null,
  throughput_rps: null,
  throughput_bps: null,
  run_id: null,
} as const;

function errorOf({ error, cause }: SweepExecution): string {
  return `${error ?? 'unknown error'}: ${(cause ?? '').slice(0, 500)}`;
}

const OUT_OF_MEMORY = 'Runtime.OutOfMemory';
/** The last is a rank that saw it coming. */
const TIME_OUTS = ['Sandbox.Timedout', 'States.Timeout', 'RankTooLongError'];

/** What a cell that did not succeed ran into: the ranks' own errors say more than that some failed. */
function statusOf(execution: SweepExecution, summary: RunFigures['summary'] | undefined): BenchRun['status'] {
  if (execution.status === 'SUCCEEDED') return 'SUCCEEDED';
  const errors = [execution.error ?? '', ...(summary?.failed_ranks ?? []).map((failure) => failure.error)];
  if (errors.includes(OUT_OF_MEMORY)) return 'OUT_OF_MEMORY';
  return execution.status === 'TIMED_OUT' || errors.some((error) => TIME_OUTS.includes(error)) ? 'TIMED_OUT' : 'FAILED';
}
