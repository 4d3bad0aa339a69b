import { z } from 'zod';
import { formatField } from './format-version.ts';
import { predictionScoresSchema } from './prediction-scores.ts';

const figure = z.number().nonnegative();

/** What `infer --json` prints, as far as others read it: the single-machine script's names, then ours. */
export const inferReportSchema = z.object({
  /** Wall clock, over which both rates are taken; processor time in what was printed before there was `cpu_seconds`. */
  'total cpu time (second)': figure,
  'execution time per batch (second)': figure,
  /** Peak resident memory of the process. */
  'cpu memory (MB)': figure,
  'throughput(bps)': figure,
  'batch size': z.number().int().positive(),
  'number of batches': z.number().int().nonnegative(),
  device: z.string(),
  samples: z.number().int().nonnegative(),
  sample_persec: figure,
  wall_clock_seconds: figure,
  scores: predictionScoresSchema,
  /** Processor time of the process. */
  cpu_seconds: figure.optional(),
  format: formatField,
});
export type InferReport = z.output<typeof inferReportSchema>;
