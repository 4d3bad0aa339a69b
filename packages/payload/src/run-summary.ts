import { z } from 'zod';
import { formatField } from './format-version.ts';
import { takenColumnSchema } from './partition-columns.ts';
import { predictionScoresSchema } from './prediction-scores.ts';
import { withoutTruthFields } from './redshift-histogram.ts';
import { flaggedSchema } from './quality-flags.ts';
import { quantizedModelSchema } from './quantization.ts';
import { runProofSchema } from './run-proof.ts';
import { storeRequestsSchema } from './store-requests.ts';

const rate = z.number().nonnegative().nullable();

/** Bits or samples per second; each rate has its own name because they differ by an order of magnitude (docs/metrics.md). */
const ratesSchema = z.object({
  /** Sum of each rank's own rate. */
  summed_over_ranks: rate,
  /** Total divided by the duration of the slowest rank. */
  by_slowest_rank: rate,
  /** Total divided by the time from the run's creation to its summary. */
  by_wall_clock: rate,
});

export const rankFailureSchema = z.object({
  rank: z.number().int().nonnegative(),
  data_path: z.array(z.string()),
  error: z.string(),
  cause: z.string(),
});
export type RankFailure = z.output<typeof rankFailureSchema>;

/** Galaxies whose images, or names that, occur more than once in a run; an estimate from a sample where not exact. */
export const duplicatesSchema = z.object({ galaxies: z.number().int().nonnegative(), exact: z.boolean() });
export type Duplicates = z.output<typeof duplicatesSchema>;

/** `summary.json`: what became of a run. Every planned rank is counted once in `ranks`. */
export const runSummarySchema = z.object({
  run_id: z.string(),
  status: z.enum(['SUCCEEDED', 'SUCCEEDED_WITH_FAILED_RANKS', 'FAILED']),
  bucket: z.string(),
  result_path: z.string(),
  created_at: z.iso.datetime(),
  finished_at: z.iso.datetime(),
  wall_clock_seconds: z.number().nonnegative(),
  world_size: z.number().int().positive(),
  batch_size: z.number().int().positive(),
  ranks: z.object({
    planned: z.number().int(),
    succeeded: z.number().int(),
    without_data: z.number().int(),
    failed: z.number().int(),
    /** Of those that succeeded: how many were the first task of their process. */
    cold_starts: z.number().int(),
  }),
  failed_ranks: z.array(rankFailureSchema),
  samples: z.number().int().nonnegative(),
  bits: z.number().nonnegative(),
  prediction_scores: predictionScoresSchema,
  samples_per_second: ratesSchema,
  bits_per_second: ratesSchema,
  slowest_rank_seconds: z.number().nonnegative(),
  peak_rss_mb: z.number().nonnegative(),
  /**
   * What the ranks cost on Lambda, or would have, at list prices: their durations at the memory they were given. Null where
   * no rank knows its memory. The whole bill, with orchestration and requests, is in the report of the run.
   */
  cost: z
    .object({
      usd: z.number().nonnegative(),
      region: z.string(),
      prices_date: z.iso.date(),
      items: z.array(z.object({ item: z.string(), quantity: z.number(), unit: z.string(), usd: z.number() })),
    })
    .nullable(),
  predictions_prefix: z.string(),
  model_sha256: z.array(z.string()),
  warnings: z.array(z.string()),
  /** As in the ranks' results, over all of them. */
  flagged: flaggedSchema.optional(),
  prediction_scores_unflagged: predictionScoresSchema.optional(),
  /** As in the ranks' results: of all of them, each once. */
  columns_taken: z.array(takenColumnSchema).optional(),
  ...withoutTruthFields,
  not_checked: z.array(z.string()).optional(),
  duplicates: duplicatesSchema.optional(),
  /** Names that several galaxies have; absent where none has a name, and in files written before they were counted. */
  repeated_names: duplicatesSchema.optional(),
  /** Absent in files written before there was one. */
  proof: runProofSchema.optional(),
  /** Requests of Summarize; absent in files written before they were counted. */
  store_requests: storeRequestsSchema.optional(),
  /** Those of `model_sha256` that calculate in integers; absent where none does. */
  quantized_models: z.array(quantizedModelSchema).optional(),
  format: formatField,
});
export type RunSummary = z.output<typeof runSummarySchema>;
