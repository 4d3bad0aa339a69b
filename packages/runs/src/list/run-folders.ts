import type { ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';

/**
 * The ids of the runs that lie in a results folder, finished or not, in the order of their ids: those begin with the time of the
 * run's plan.
 */
export async function runIds(store: ObjectStore, resultPath: string): Promise<string[]> {
  const above = runsOf(resultPath);
  return (await store.folders(above)).map((folder) => folder.slice(above.length, -1));
}

/** The newest run of a results folder that came to a summary; undefined where none did. */
export async function newestFinished(store: ObjectStore, resultPath: string): Promise<string | undefined> {
  for (const runId of (await runIds(store, resultPath)).reverse())
    if ((await store.head(`${runsOf(resultPath)}${runId}/summary.json`)) !== undefined) return runId;
  return undefined;
}

/**
 * The folders of all runs in a folder or anywhere below it, each ending in a slash; no run is looked into.
 *
 * @param folder ends in a slash, or is empty for the whole store; may be that of a run
 */
export async function runFoldersBelow(store: ObjectStore, folder: string): Promise<string[]> {
  if (/(?:^|\/)runs\/[^/]+\/$/.test(folder)) return [folder];
  const inside = await pMap(await store.folders(folder), (each) => runFoldersBelow(store, each), {
    concurrency: CONCURRENT_LISTINGS,
  });
  return inside.flat();
}

/** The ranks that have left a result in a run's folder. */
export async function ranksWithResult(store: ObjectStore, folder: string): Promise<ReadonlySet<number>> {
  const ranks = new Set<number>();
  for await (const { key } of store.list(`${folder}/`)) {
    const name = key.slice(folder.length + 1);
    // Names that begin with a digit come first: what is listed after them, all predictions among it, is none of this.
    if (name.charAt(0) > '9') break;
    if (/^\d+\.json$/.test(name)) ranks.add(parseInt(name));
  }
  return ranks;
}

const CONCURRENT_LISTINGS = 8;

function runsOf(resultPath: string): string {
  return resultPath === '' ? 'runs/' : `${resultPath}/runs/`;
}
