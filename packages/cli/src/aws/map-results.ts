import type { Json } from '@cosmicai/local';
import { parseJsonAs } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import { z } from 'zod';
import type { UnnumberedEvent } from './history.ts';

/** An entry of the files that the Distributed Map's ResultWriter leaves: SUCCEEDED_0.json, FAILED_0.json, PENDING_0.json. */
const entrySchema = z.object({
  ExecutionArn: z.string().optional(),
  Name: z.string().optional(),
  Input: z.string(),
  Output: z.string().optional(),
  Error: z.string().optional(),
  Cause: z.string().optional(),
  Status: z.enum(['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED', 'PENDING']),
  StartDate: z.string().optional(),
  StopDate: z.string().optional(),
});

/** A child execution of a Map run that is over: a rank. */
export interface MapChild {
  readonly rank: number;
  readonly name: string;
  /** Undefined where it never began. */
  readonly arn: string | undefined;
  readonly status: z.output<typeof entrySchema>['Status'];
  readonly input: Json;
  readonly output: Json;
  readonly error: string;
  readonly cause: string;
  /** ISO 8601. */
  readonly startedAt: string | undefined;
  readonly stoppedAt: string | undefined;
}

const rankTask = z.object({ RANK: z.coerce.number().int() });

/**
 * What became of the ranks, as the Map wrote it into the bucket: all of them in a few reads, where asking Step Functions
 * would take one request for each. In rank order.
 *
 * @param folder key prefix of this Map run, `<map_prefix>/<id of the Map run>`
 */
export async function mapChildren(store: ObjectStore, folder: string): Promise<MapChild[]> {
  const children: MapChild[] = [];
  for await (const { key } of store.list(`${folder}/`)) {
    if (!/\/(SUCCEEDED|FAILED|PENDING)_\d+\.json$/.test(key)) continue;
    for (const entry of parseJsonAs(z.array(entrySchema), (await store.get(key)).toString(), key)) {
      const input = parsed(entry.Input);
      const task = rankTask.safeParse(input);
      children.push({
        rank: task.success ? task.data.RANK : children.length,
        name: entry.Name ?? '',
        arn: entry.ExecutionArn,
        status: entry.Status,
        input,
        output: parsed(entry.Output),
        error: entry.Error ?? 'Unknown',
        cause: entry.Cause ?? '',
        startedAt: entry.StartDate,
        stoppedAt: entry.StopDate,
      });
    }
  }
  return children.sort((a, b) => a.rank - b.rank);
}

/** The id of a Map run, which names its folder, from `arn:aws:states:…:mapRun:<machine>/<label>:<id>`. */
export function mapRunId(mapRunArn: string): string {
  return mapRunArn.split(':').at(-1)!;
}

/** The children's begin and end as the local engine tells them. */
export function childEvents(state: string, children: readonly MapChild[]): UnnumberedEvent[] {
  return children.flatMap((child): UnnumberedEvent[] => {
    const { rank: index, name, input, output, error, cause, startedAt, stoppedAt } = child;
    if (startedAt === undefined) return [];
    const started: UnnumberedEvent = { type: 'ChildStarted', time: iso(startedAt), state, index, name, input };
    if (stoppedAt === undefined) return [started];
    const time = iso(stoppedAt);
    switch (child.status) {
      case 'SUCCEEDED':
        return [started, { type: 'ChildSucceeded', time, state, index, output }];
      case 'FAILED':
      case 'TIMED_OUT':
        return [started, { type: 'ChildFailed', time, state, index, error, cause }];
      default:
        return [started, { type: 'ChildAborted', time, state, index }];
    }
  });
}

function iso(date: string): string {
  return new Date(date).toISOString();
}

function parsed(text: string | undefined): Json {
  try {
    return JSON.parse(text ?? 'null') as Json;
  } catch {
    return text ?? null;
  }
}
