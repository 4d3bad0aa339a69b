import { formatField } from '@cosmicai/payload';
import { z } from 'zod';

const figure = z.number().nullable();

/** How a run of a sweep ended. What could not run is a result too. */
export const BENCH_STATUSES = ['SUCCEEDED', 'OUT_OF_MEMORY', 'TIMED_OUT', 'FAILED'] as const;

/** One run of a sweep; a row of performance_table.csv, in its spelling. */
export const benchRunSchema = z.object({
  world_size: z.number().int().positive(),
  batch_size: z.number().int().positive(),
  data_size: z.string().nullable(),
  partition_size: z.string().nullable(),
  /** 1, 2, 3, … */
  repeat: z.number().int().positive(),
  /** Whether any function had to be started for it. */
  start: z.enum(['cold', 'warm']),
  status: z.enum(BENCH_STATUSES),
  samples: z.number().int().nonnegative().nullable(),
  /** Wall clock of the whole run. */
  duration_seconds: figure,
  /** Slowest rank. */
  slowest_rank_seconds: figure,
  /** Largest peak resident memory of a rank. */
  memory_mb: figure,
  cost_usd: figure,
  /** Samples by wall clock. */
  throughput_rps: figure,
  /** Image and magnitude bits by wall clock. */
  throughput_bps: figure,
  run_id: z.string().nullable(),
  error: z.string().nullable(),
  format: formatField,
});
export type BenchRun = z.output<typeof benchRunSchema>;

const setting = z.union([z.string(), z.number(), z.boolean(), z.null()]);

export const benchReportSchema = z.object({
  title: z.string(),
  generatedAt: z.string(),
  runs: z.array(benchRunSchema),
  configuration: z.record(z.string(), setting),
  versions: z.record(z.string(), z.string()),
  warnings: z.array(z.string()),
  /** Of the bootstrap. */
  seed: z.number().int(),
  /** What durations and throughputs are by: of results without a wall clock, the slowest rank. */
  basis: z.enum(['wall clock', 'slowest rank']).default('wall clock'),
  format: formatField,
});
/** As it is handed in: `basis` may be left out. */
export type BenchReport = z.input<typeof benchReportSchema>;
export type ParsedBenchReport = z.output<typeof benchReportSchema>;
