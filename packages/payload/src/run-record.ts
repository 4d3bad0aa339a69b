import { z } from 'zod';
import { formatField } from './format-version.ts';
import { rankTaskSchema, type RankTaskItem } from './rank-task.ts';
import { storeRequestsSchema } from './store-requests.ts';
import { fileContentSchema, objectVersionSchema, sha256Schema } from './written-file.ts';

/** `manifest.json`: every rank task of a run, in rank order. State machines of others let their Map read it as it lies there. */
export const manifestSchema = z
  .array(rankTaskSchema, { error: 'a JSON array of rank tasks' })
  .min(1, { error: 'at least one rank task' });
export type Manifest = z.output<typeof manifestSchema>;

/**
 * What names a run and steers its state machine; `Initialize` answers it as `run` and Summarize finds everything else
 * through it.
 */
export const runReferenceSchema = z.object(
  {
    run_id: z.string(),
    bucket: z.string(),
    result_path: z.string(),
    manifest_key: z.string(),
    /** Of the references to the tasks, which the Map reads; absent in runs whose Map reads the tasks themselves. */
    items_key: z.string().optional(),
    map_prefix: z.string(),
    world_size: z.number().int().positive(),
    ranks_with_data: z.number().int().nonnegative(),
    max_concurrency: z.number().int().positive(),
    tolerated_failure_percentage: z.number(),
    /** Absent in runs planned before there were flags. */
    max_flagged: z.number().optional(),
    fmi_enabled: z.boolean(),
    rendezvous_endpoint: z.string().nullable(),
  },
  { error: 'the "run" object that Initialize answered' },
);
export type RunReference = z.output<typeof runReferenceSchema>;

/** Where a run lies, in whatever Initialize answered or a state machine made of that. */
export const plannedRunSchema = z.object({
  run: runReferenceSchema.pick({ run_id: true, bucket: true, result_path: true }),
});

/** `run.json`: the run as it was asked for. */
export const runRecordSchema = z.object({
  run: runReferenceSchema,
  created_at: z.iso.datetime(),
  payload: z.looseObject({}),
  warnings: z.array(z.string()),
  /** The model that the payload names, as it lay there; its SHA-256 is in the payload where it is known at the start. */
  model: objectVersionSchema.optional(),
  partitions: z.object({ files: z.number().int().nonnegative(), bytes: z.number().nonnegative() }),
  /** Requests of Initialize; absent in files written before they were counted. */
  store_requests: storeRequestsSchema.optional(),
  /** The files that the plan is beside this one; absent in files written before it was kept, and while a plan is written anew. */
  planned_files: z.object({ manifest: fileContentSchema, items: fileContentSchema }).optional(),
  /** SHA-256 of this file with zeros in this place; absent in files written before it was kept. */
  seal: sha256Schema.optional(),
  format: formatField,
});
export type RunRecord = z.output<typeof runRecordSchema>;

/** What Initialize answers to the state machine. */
export const initializeAnswerSchema = z.object({
  statusCode: z.literal(200),
  run: runReferenceSchema,
  warnings: z.array(z.string()),
  /** The rank tasks inline, for state machines that iterate over `$.body`; left out when they exceed MAX_INLINE_BODY_BYTES. */
  body: manifestSchema.optional(),
});

/** The same as it travels. */
export interface InitializeAnswer extends Omit<z.input<typeof initializeAnswerSchema>, 'body'> {
  readonly body?: readonly RankTaskItem[];
}

/** A state of Step Functions may hold 256 KiB; the rest is left for what else travels along. */
export const MAX_INLINE_BODY_BYTES = 200_000;
