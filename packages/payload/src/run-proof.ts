import { z } from 'zod';
import { formatField } from './format-version.ts';
import { sha256Schema } from './written-file.ts';

const count = z.number().int().nonnegative();

/** What a run is known to have done, from its plan and from what its ranks took down of what they read and wrote. */
export const runProofSchema = z.object({
  /** The rest as a sentence for people. */
  statement: z.string(),
  /** Predicted, each once. */
  galaxies: count,
  /** In all partitions of the plan; null where some were never read. */
  galaxies_planned: count.nullable(),
  partitions: z.object({ planned: count, predicted: count }),
  /** SHA-256 of each model that predicted. */
  models: z.array(z.string()),
  /** Partitions and files of predictions that were compared with what was taken down of them. */
  files: z.object({ checked: count, unchanged: count }),
  /** What keeps the run from being whole, one sentence each; failed ranks are told apart, as `failed_ranks`. */
  problems: z.array(z.string()),
});
export type RunProof = z.output<typeof runProofSchema>;

/**
 * `proof.json`, the last file of a run: what lies in the run's folder, as Summarize saw or wrote it. Predictions and hashes are not
 * among the objects, as the ranks' results, which are, tell their SHA-256.
 */
export const proofFileSchema = z.object({
  run_id: z.string(),
  proof: runProofSchema,
  /** Keys are relative to the run's folder. */
  objects: z.array(z.object({ key: z.string(), size: count, sha256: sha256Schema })),
  /** SHA-256 of this file with zeros in this place. */
  seal: sha256Schema,
  format: formatField,
});
export type ProofFile = z.output<typeof proofFileSchema>;
