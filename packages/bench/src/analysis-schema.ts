import { formatField } from '@cosmicai/payload';
import { z } from 'zod';
import type { BenchAnalysis } from './analysis.ts';
import { BENCH_STATUSES } from './bench-run.ts';

const count = z.number().int().nonnegative();
const size = z.number().int().positive();
const figure = z.number().nullable();
const status = z.enum(BENCH_STATUSES);
const spread = z.object({ median: z.number(), low: figure, high: figure, runs: count }).nullable();

const configuration = {
  world_size: size,
  batch_size: size,
  data_size: z.string().nullable(),
  partition_size: z.string().nullable(),
};

const cell = z.object({
  ...configuration,
  runs: count,
  succeeded: count,
  status,
  based_on: z.enum(['warm', 'cold']).nullable(),
  duration_seconds: spread,
  memory_mb: spread,
  cost_usd: spread,
  throughput_rps: spread,
  throughput_bps: spread,
  cold_duration_seconds: figure,
});

/** performance_analysis.json, which `bench --json` prints too. */
export const benchAnalysisSchema: z.ZodType<BenchAnalysis> = z.object({
  runs: count,
  succeeded: count,
  not_succeeded: z.array(z.object({ ...configuration, repeat: size, status, error: z.string().nullable() })),
  averages_by_world_size: z.array(
    z.object({
      world_size: size,
      runs: count,
      duration_seconds: figure,
      throughput_rps: figure,
      memory_mb: figure,
      cost_usd: figure,
    }),
  ),
  best_configuration: cell.nullable(),
  cheapest_configuration: cell.nullable(),
  cells: z.array(cell),
  format: formatField,
});
