import type { BenchRun } from '@cosmicai/metrics';
import { runSummarySchema, type RunSummary } from '@cosmicai/payload';
import type { FunctionPool } from '@cosmicai/local';
import { assembleRunReport } from '@cosmicai/report';
import type { Terminal } from '../output/terminal.ts';
import { gatherRun } from '../report/gather-run.ts';
import { execute, type Execution } from '../run/execute.ts';
import { composePayload } from '../run/payload.ts';
import { placeOf } from '../run/report-run.ts';
import type { SweepRun } from './sweep.ts';

export interface CellOptions {
  /** Folder or address of the partitions. */
  readonly data: string;
  readonly results: string;
  readonly model?: string;
  readonly memory: number;
  readonly concurrency?: number;
  /** Processes of earlier runs; a run without starts cold. */
  readonly pool?: FunctionPool;
}

/** Runs the workflow once as the sweep asks; a run that fails is a result too. */
export async function runCell(run: SweepRun, options: CellOptions, terminal: Terminal): Promise<BenchRun> {
  const payload = composePayload(
    {},
    { data: options.data, results: options.results, worldSize: run.world_size, batchSize: run.batch_size },
    terminal.cwd,
  );
  const execution = await execute({ ...options, payload, quiet: true }, terminal);
  terminal.signal.throwIfAborted();
  const place = placeOf(execution, undefined);
  if (place === undefined)
    return { ...run, start: 'cold', ...FAILED, status: statusOf(execution, undefined), error: errorOf(execution) };
  const material = await gatherRun(place, execution);
  const report = assembleRunReport(material);
  const summary = runSummarySchema.parse(material.summary);
  const succeeded = execution.status === 'SUCCEEDED';
  return {
    ...run,
    start: summary.ranks.cold_starts > 0 ? 'cold' : 'warm',
    status: statusOf(execution, summary),
    samples: summary.samples,
    duration_seconds: summary.wall_clock_seconds,
    slowest_rank_seconds: summary.slowest_rank_seconds,
    memory_mb: report.ranks.reduce((most, rank) => Math.max(most, rank.memoryMb ?? 0), 0),
    cost_usd: report.cost?.usd ?? null,
    throughput_rps: report.rates.byWallClock?.samplesPerSecond ?? null,
    throughput_bps: report.rates.byWallClock?.bitsPerSecond ?? null,
    run_id: summary.run_id,
    error: succeeded ? null : errorOf(execution),
  };
}

const FAILED = {
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
