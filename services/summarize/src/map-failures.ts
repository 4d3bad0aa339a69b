import { mapResultsSchema, parseJsonAs, rankReasons, type MapResult, type Reason } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';

/**
 * Why ranks have no result, by rank, as the Distributed Map wrote it down; of a run that was gone on with, as its last Map run
 * did. Empty for other kinds of Map.
 */
export async function mapFailures(store: ObjectStore, mapPrefix: string): Promise<ReadonlyMap<number, Reason>> {
  const mapRuns = new Map<string, MapResult[]>();
  for await (const { key } of store.list(`${mapPrefix}/`)) {
    const folder = /(.*)\/(?:FAILED|PENDING)_\d+\.json$/.exec(key)?.[1];
    if (folder === undefined) continue;
    const children = parseJsonAs(mapResultsSchema, (await store.get(key)).toString(), key);
    mapRuns.set(folder, [...(mapRuns.get(folder) ?? []), ...children]);
  }
  const inOrder = [...mapRuns.values()].sort((a, b) => lastStop(a) - lastStop(b));
  return new Map(inOrder.flatMap((children) => [...rankReasons(children)]));
}

/** Epoch milliseconds. */
function lastStop(children: readonly MapResult[]): number {
  return children.reduce((last, { StopDate = 0 }) => Math.max(last, new Date(StopDate).getTime()), 0);
}
