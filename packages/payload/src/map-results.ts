import { z } from 'zod';
import { integer } from './fields.ts';
import { functionMessage, jsonOrText } from './function-message.ts';
import { MAX_WORLD_SIZE } from './run-payload.ts';
import type { RankFailure } from './run-summary.ts';

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

/** Why something failed: the error's name, and a sentence. */
export type Reason = Pick<RankFailure, 'error' | 'cause'>;

/** Step Functions leaves out the error and the cause of what its functions or states gave none. */
export function reasonOf(
  status: string | undefined,
  { error, cause }: { readonly error?: string | undefined; readonly cause?: string | undefined },
): Reason {
  const timedOut = status === 'TIMED_OUT';
  const none = timedOut ? 'it took longer than its time limit' : 'Step Functions tells no reason';
  return {
    error: error ?? (timedOut ? 'States.Timeout' : 'NoReason'),
    cause: cause === undefined || cause === '' ? none : cause,
  };
}

/**
 * Why ranks of a Map run have no result of it: those that failed by their own errors; those that were stopped, or never started,
 * by the failures that the Map run was stopped for.
 *
 * @param children entries of its lists
 */
export function rankReasons(children: readonly MapResult[]): ReadonlyMap<number, Reason> {
  const failed = children.filter(({ Status }) => Status === 'FAILED' || Status === 'TIMED_OUT');
  const why = whyStopped(failed);
  return new Map(children.flatMap((child) => ranksIn(child).map((rank) => [rank, reasonFor(child, why)] as const)));
}

function reasonFor({ Status, Error: error, Cause }: MapResult, why: string): Reason {
  if (Status === 'PENDING') return { error: 'RankNotStarted', cause: `never started because ${why}` };
  if (Status === 'ABORTED' && error === undefined) return { error: 'RankStopped', cause: `stopped because ${why}` };
  return reasonOf(Status, { error, cause: Cause === undefined ? undefined : functionMessage(Cause) });
}

/** Failed ranks named in the reason of others. */
const NAMED = 3;

/** Those that failed first are named first. */
function whyStopped(failed: readonly MapResult[]): string {
  if (failed.length === 0) return 'its execution was ended from outside';
  const first = [...failed].sort((a, b) => stopTime(a) - stopTime(b));
  const ranks = [...new Set(first.flatMap(ranksIn))];
  const [only] = ranks;
  // Step Functions leaves out inputs that are too long.
  if (only === undefined) return 'another rank failed';
  if (ranks.length === 1) return `rank ${only} failed`;
  const named = ranks.slice(0, NAMED);
  const last = ranks.length > NAMED ? `${ranks.length - NAMED} more` : String(named.pop());
  return `ranks ${named.join(', ')} and ${last} failed`;
}

function ranksIn({ Input }: MapResult): readonly number[] {
  return ranksOf(jsonOrText(Input));
}

/** Epoch milliseconds. */
function stopTime({ StopDate }: MapResult): number {
  return StopDate === undefined ? 0 : Date.parse(StopDate);
}
