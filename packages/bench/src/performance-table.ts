import { stringify } from 'csv-stringify/sync';
import type { BenchRun } from './bench-run.ts';

const COLUMNS = [
  'world_size',
  'batch_size',
  'data_size',
  'partition_size',
  'repeat',
  'start',
  'status',
  'samples',
  'duration_seconds',
  'slowest_rank_seconds',
  'memory_mb',
  'cost_usd',
  'throughput_rps',
  'throughput_bps',
  'batch_world_rps',
  'run_id',
  'error',
] as const;

/**
 * performance_table.csv: one row a run, failed ones included. `throughput_rps` is samples by wall clock; `batch_world_rps` is
 * batch size x world size / duration, which the course teams' tables call throughput, for comparison with those.
 */
export function performanceTable(runs: readonly BenchRun[]): string {
  const rows = runs.map((run) => ({
    ...run,
    batch_world_rps:
      run.duration_seconds === null || run.duration_seconds === 0
        ? null
        : (run.batch_size * run.world_size) / run.duration_seconds,
  }));
  return stringify(rows, { header: true, columns: [...COLUMNS] });
}
