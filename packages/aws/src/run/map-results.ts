import {
  jsonOrText,
  mapResultsSchema,
  parseJsonAs,
  ranksOf,
  reasonOf,
  type Json,
  type MapResult,
  type UnnumberedEvent,
} from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';

/** A child execution of a Map run that is over: a rank. */
export interface MapChild {
  readonly rank: number;
  readonly name: string;
  /** Undefined where it never began. */
  readonly arn: string | undefined;
  readonly status: MapResult['Status'];
  readonly input: Json;
  readonly output: Json;
  readonly error: string;
  readonly cause: string;
  /** ISO 8601. */
  readonly startedAt: string | undefined;
  readonly stoppedAt: string | undefined;
}

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
    for (const entry of parseJsonAs(mapResultsSchema, (await store.get(key)).toString(), key)) {
      const input = jsonOf(entry.Input);
      children.push({
        rank: ranksOf(input)[0] ?? children.length,
        name: entry.Name ?? '',
        arn: entry.ExecutionArn,
        status: entry.Status,
        input,
        output: jsonOf(entry.Output),
        ...reasonOf(entry.Status, { error: entry.Error, cause: entry.Cause }),
        startedAt: entry.StartDate,
        stoppedAt: entry.StopDate,
      });
    }
  }
  return children.sort((a, b) => a.rank - b.rank);
}

/** The id of a Map run, which names its folder, from `arn:aws:states:…:mapRun:<machine>/<label>:<id>`. */
export function mapRunId(mapRunArn: string): string {
  return mapRunArn.slice(mapRunArn.lastIndexOf(':') + 1);
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

function jsonOf(text: string | undefined): Json {
  return jsonOrText(text) as Json;
}
