import { z } from 'zod';
import { predictionScoresSchema } from './prediction-scores.ts';

/** `fmi.json`: what the ranks of a run computed together over FMI; the scores equal those of summary.json. */
export const fmiReportSchema = z.object({
  run_id: z.string(),
  /** Ranks that met: those with data. */
  world_size: z.number().int().positive(),
  ranks: z.array(
    z.object({
      rank: z.number().int().nonnegative(),
      arrived_at: z.iso.datetime(),
      /** Milliseconds to be accepted by the rendezvous server. */
      setup_ms: z.number().nonnegative(),
      /** Milliseconds in the barrier: connecting to the other ranks and waiting for the last of them. */
      wait_ms: z.number().nonnegative(),
    }),
  ),
  prediction_scores: predictionScoresSchema,
});
export type FmiReport = z.output<typeof fmiReportSchema>;
