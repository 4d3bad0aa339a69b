import { z } from 'zod';
import { formatField } from './format-version.ts';
import { predictionScoresSchema } from './prediction-scores.ts';

const rank = z.number().int().nonnegative();
const milliseconds = z.number().nonnegative();
const count = z.number().int().nonnegative();

/** Links by how they run: straight from rank to rank, or through the rendezvous server; `encrypted` of either. */
export const linkCountsSchema = z.object({ direct: count, relay: count, encrypted: count });
export type LinkCounts = z.output<typeof linkCountsSchema>;

/** `fmi.json`: which ranks of a run met over FMI, by which links, and what they computed together. */
export const fmiReportSchema = z.object({
  run_id: z.string(),
  /** Ranks that met: those with data or, when a run was resumed, those of them that had not finished before. */
  world_size: z.number().int().positive(),
  /** Each link between two ranks counted once. */
  links: linkCountsSchema,
  ranks: z.array(
    z.object({
      rank,
      arrived_at: z.iso.datetime(),
      /** To be accepted by the rendezvous server. */
      setup_ms: milliseconds,
      /** In the barrier: connecting to the other ranks and waiting for the last of them. */
      wait_ms: milliseconds,
      /** How this rank reached those that it exchanged messages with. */
      links: z.array(
        z.object({
          to: rank,
          channel: z.enum(['direct', 'relay']),
          encrypted: z.boolean(),
          /** From the server's introduction to the finished link. */
          setup_ms: milliseconds,
        }),
      ),
    }),
  ),
  /** Over the predictions of the ranks that met; of all ranks with data, they equal those of summary.json. */
  prediction_scores: predictionScoresSchema,
  format: formatField,
});
export type FmiReport = z.output<typeof fmiReportSchema>;
