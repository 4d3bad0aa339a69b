import { z } from 'zod';
import { integer } from './fields.ts';
import { MAX_WORLD_SIZE } from './run-payload.ts';

/** An entry of the lists that the Distributed Map's ResultWriter leaves: a child execution and what became of it. */
const mapResultSchema = z.object({
  ExecutionArn: z.string().optional(),
  Name: z.string().optional(),
  /** JSON text. Step Functions leaves it out where it is too long. */
  Input: z.string().optional(),
  Output: z.string().optional(),
  Error: z.string().optional(),
  Cause: z.string().optional(),
  Status: z.enum(['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED', 'PENDING']),
  StartDate: z.iso.datetime({ offset: true }).optional(),
  StopDate: z.iso.datetime({ offset: true }).optional(),
});

/** SUCCEEDED_<n>.json, FAILED_<n>.json, PENDING_<n>.json. */
export const mapResultsSchema = z.array(mapResultSchema, { error: 'a list of child executions' });
export type MapResult = z.output<typeof mapResultSchema>;

const files = z.array(z.object({ Key: z.string(), Size: z.number().int().nonnegative() }));

/** manifest.json beside the lists. */
export const mapResultsManifestSchema = z.object({
  DestinationBucket: z.string(),
  MapRunArn: z.string(),
  ResultFiles: z.object({ FAILED: files, PENDING: files, SUCCEEDED: files }),
});
export type MapResultsManifest = z.output<typeof mapResultsManifestSchema>;

const item = z.looseObject({ RANK: integer(0, MAX_WORLD_SIZE - 1) });
const childInput = z.union([
  item.transform(({ RANK }) => [RANK]),
  // Of a Map with an ItemBatcher.
  z.looseObject({ Items: z.array(item) }).transform(({ Items }) => Items.map(({ RANK }) => RANK)),
]);

/** The ranks that a child execution of the Map runs, by its input; none where it isn't one of ours. */
export function ranksOf(input: unknown): readonly number[] {
  return childInput.safeParse(input).data ?? [];
}
