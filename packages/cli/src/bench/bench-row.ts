import type { BenchRun, SweepRun } from '@cosmicai/bench';
import type { RunSummary } from '@cosmicai/payload';
import { assembleRunReport } from '@cosmicai/report';
import { gatherRun } from '@cosmicai/runs/gather';
import type { Execution } from '../run/execute.ts';
import type { SweepExecution } from './sweep-target.ts';

/** A sweep's row about one of its runs; a run that failed is a result too. */
export async function rowOf(run: SweepRun, { execution, place }: SweepExecution): Promise<BenchRun> {
  if (place === undefined)
    return { ...run, start: 'cold', ...UNKNOWN, status: statusOf(execution, undefined), error: errorOf(execution) };
  const material = await gatherRun(place, execution, { cutouts: false });
  const report = assembleRunReport(material);
  const { summary, reports } = material;
  const lines = [...(reports?.values() ?? [])];
  // Ranks tell too, but count an environment that was kept ready for them as a new one.
  const cold =
    lines.length > 0 && lines.length >= summary.ranks.succeeded
      ? lines.some(({ initDurationMs }) => initDurationMs !== undefined)
      : summary.ranks.cold_starts > 0;
  return {
    ...run,
    start: cold ? 'cold' : 'warm',
    status: statusOf(execution, summary),
    samples: summary.samples,
    duration_seconds: summary.wall_clock_seconds,
    slowest_rank_seconds: summary.slowest_rank_seconds,
    memory_mb: report.ranks.reduce((most, rank) => Math.max(most, rank.memoryMb ?? 0), 0),
    cost_usd: report.cost?.usd ?? null,
    throughput_rps: report.rates.byWallClock?.samplesPerSecond ?? null,
    throughput_bps: report.rates.byWallClock?.bitsPerSecond ?? null,
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

function errorOf({ error, cause }: Execution): string {
  return `${error ?? 'unknown error'}: ${(cause ?? '').slice(0, 500)}`;
}

const OUT_OF_MEMORY = 'Runtime.OutOfMemory';
const TIME_OUTS = ['Sandbox.Timedout', 'States.Timeout'];

/** What a cell that did not succeed ran into: the ranks' own errors say more than that some failed. */
function statusOf(execution: Execution, summary: RunSummary | undefined): BenchRun['status'] {
  if (execution.status === 'SUCCEEDED') return 'SUCCEEDED';
  const errors = [execution.error ?? '', ...(summary?.failed_ranks ?? []).map((failure) => failure.error)];
  if (errors.includes(OUT_OF_MEMORY)) return 'OUT_OF_MEMORY';
  return execution.status === 'TIMED_OUT' || errors.some((error) => TIME_OUTS.includes(error)) ? 'TIMED_OUT' : 'FAILED';
}
