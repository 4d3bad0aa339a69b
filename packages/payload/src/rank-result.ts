import { z } from 'zod';
import { formatField } from './format-version.ts';
import { takenColumnSchema } from './partition-columns.ts';
import { predictionScoresSchema } from './prediction-scores.ts';
import { specFieldsSchema } from './spec-fields.ts';
import { withoutTruthFields } from './redshift-histogram.ts';
import { flaggedSchema } from './quality-flags.ts';
import { arithmeticSchema } from './quantization.ts';
import { storeRequestsSchema } from './store-requests.ts';
import { fileWithHeadSchema, sha256Schema, writtenFileSchema } from './written-file.ts';

const seconds = z.number().nonnegative();
const bytes = z.number().int().nonnegative();

/** A partition as a rank really read it. */
export const partitionReadSchema = z.object({
  key: z.string(),
  size: bytes,
  samples: z.number().int().nonnegative(),
  /** Version that was read; absent in files written before it was kept, as is the range. */
  etag: z.string().optional(),
  /** Of the whole file, where the payload asked for it. */
  sha256: sha256Schema.optional(),
  /** Samples that were predicted: from the first up to, not including, the second. */
  index_range: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]).optional(),
});

/**
 * `<rank>.json`: the upstream keys with their upstream units, then ours. Upstream's two "total" keys are kept because
 * notebooks read them. `total_cpu_time (seconds)` is the time over which `throughput_bps` and `sample_persec` are taken, so
 * that notebooks get bits and samples back as rate x time, as they do of the published files: wall-clock seconds of reading
 * and inference. `total_cpu_memory (MB)` holds the peak resident memory of the process.
 */
export const rankResultSchema = z.object({
  'total_cpu_time (seconds)': seconds,
  'total_cpu_memory (MB)': z.number().nonnegative(),
  'execution_time (seconds/batch)': seconds,
  num_batches: z.number().int().nonnegative(),
  batch_size: z.number().int().positive(),
  device: z.string(),
  throughput_bps: z.number().nonnegative(),
  sample_persec: z.number().nonnegative(),
  result_path: z.string(),
  data_path: z.union([z.string(), z.array(z.string())]),
  s3_total_time: seconds,
  s3_avg_time: seconds,
  s3_min_time: seconds,
  s3_max_time: seconds,
  run_id: z.string().nullable(),
  rank: z.number().int().nonnegative(),
  world_size: z.number().int().positive(),
  samples: z.number().int().nonnegative(),
  /** Image and magnitude bits read, without the redshift: what `throughput_bps` counts. */
  bits: z.number().nonnegative(),
  partitions: z.array(partitionReadSchema),
  predictions_key: z.string(),
  /** The predictions as they were written, and how many galaxies are in them; absent in files written before it was kept. */
  predictions_file: writtenFileSchema.extend({ rows: z.number().int().nonnegative() }).optional(),
  hashes_file: writtenFileSchema.optional(),
  /** Likewise of the galaxies' names; absent where they have none, and in files written before it was kept. */
  names_file: writtenFileSchema.optional(),
  /** What Summarize takes of the predictions in their place; absent in files written before there was one. */
  reduction_file: fileWithHeadSchema.optional(),
  model_sha256: z.string(),
  started_at: z.iso.datetime(),
  /** Whether this was the first task of its process: the model had to be loaded. */
  cold_start: z.boolean(),
  /** Wall-clock seconds by phase. `inference` overlaps `read`. */
  timing: z.object({ model_load: seconds, read: seconds, inference: seconds, write: seconds, total: seconds }),
  peak_rss_mb: z.number().nonnegative(),
  /** Memory the function was given; null outside Lambda and its local stand-in. */
  memory_limit_mb: z.number().positive().nullable(),
  architecture: z.string(),
  prediction_scores: predictionScoresSchema,
  /** Processor time of the process. Files written before there was this key have it as `total_cpu_time (seconds)`. */
  cpu_seconds: seconds.optional(),
  /** Galaxies with flags, and the accuracy over those without; absent in files written before there were flags, as are warnings. */
  flagged: flaggedSchema.optional(),
  prediction_scores_unflagged: predictionScoresSchema.optional(),
  ...specFieldsSchema,
  /** Which columns of the partitions were taken for what; absent where they are tensors at the usual or the named places. */
  columns_taken: z.array(takenColumnSchema).optional(),
  ...withoutTruthFields,
  /** One sentence for each thing about the data that looks like a mistake. */
  warnings: z.array(z.string()).optional(),
  /** What could not be checked, and why: one sentence each. */
  not_checked: z.array(z.string()).optional(),
  /** Requests of the rank, its own result included; those of meeting other ranks are not; absent in files written before they were counted. */
  store_requests: storeRequestsSchema.optional(),
  /** How far the model, one in integers, is from the one that it was made of; absent of any other. */
  arithmetic: arithmeticSchema.optional(),
  format: formatField,
});
export type RankResult = z.output<typeof rankResultSchema>;

/** What the inference function answers to the state machine: small, because the Map's history carries it. */
export interface RankAnswer {
  readonly statusCode: 200;
  readonly run_id: string | null;
  readonly rank: number;
  readonly status: 'succeeded' | 'no_data';
  readonly bucket: string;
  readonly result_key: string;
  readonly result_path: string;
  readonly samples: number;
  /** How meeting the other ranks over FMI went; absent without FMI. */
  readonly fmi?: { readonly status: 'met' | 'missed' };
}
