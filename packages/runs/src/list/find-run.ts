import { InvalidInputError, parseJsonAs, runSummarySchema, UserInputError, type RunSummary } from '@cosmicai/payload';
import { getIfThere, readableAddress, resultsLocation, type ObjectStore } from '@cosmicai/store';
import { layoutOf, openPlace, type RunPlace } from '../place/run-place.ts';
import { readLease } from '../publish/lease.ts';
import { newestFinished } from './run-folders.ts';

export interface FoundRun {
  readonly place: RunPlace;
  /** What else is to be known of the folder: sentences for people. */
  readonly notes: readonly string[];
}

/**
 * The run that is meant by a run folder (`…/runs/<run_id>`) or a results folder: of the latter the one that is published there, or,
 * where none is, the newest that came to a summary.
 *
 * @throws UserInputError when there is none
 */
export async function findRun(
  folder: string,
  cwd: string,
  how: Pick<RunPlace, 'access' | 'base'> = {},
): Promise<FoundRun> {
  const inRuns = /^(.*)\/runs\/([^/]+)\/?$/.exec(folder);
  const { bucket, resultPath } = resultsLocation(inRuns?.[1] ?? folder, cwd);
  if (inRuns?.[2] !== undefined) return { place: { bucket, resultPath, runId: inRuns[2], ...how }, notes: [] };
  const store = openPlace({ bucket, ...how });
  const published = await publishedRun(store, resultPath);
  const newest = await newestSummary(store, resultPath);
  const runId = published ?? newest?.run_id;
  if (runId === undefined)
    throw new UserInputError(
      `There is no finished run in ${readableAddress(bucket, resultPath)}: it has neither a summary.json nor a runs/<run_id>/summary.json.`,
    );
  const lease = await readLease(store, layoutOf({ resultPath, runId }).published.lease);
  return {
    place: { bucket, resultPath, runId, ...how },
    notes: [
      ...(lease === undefined
        ? []
        : [`Run ${lease.run_id} is being published there since ${lease.since}; what is there now may be of two runs.`]),
      ...(newest === undefined || newest.run_id === runId
        ? []
        : [
            `The newest run there is ${newest.run_id}: ${newest.status}${newest.status === 'FAILED' ? ', so it was not published' : ''}. Its files lie in ${readableAddress(bucket, layoutOf({ resultPath, runId: newest.run_id }).folder)}/`,
          ]),
    ],
  };
}

async function publishedRun(store: ObjectStore, resultPath: string): Promise<string | undefined> {
  return (await summaryAt(store, `${resultPath}/summary.json`))?.run_id;
}

/** Of one that is damaged nothing is known, and so it is as if it were not there: `verify` says what mends it. */
async function summaryAt(store: ObjectStore, key: string): Promise<RunSummary | undefined> {
  const summary = await getIfThere(store, key);
  try {
    return summary && parseJsonAs(runSummarySchema, summary.toString(), key);
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}

async function newestSummary(
  store: ObjectStore,
  resultPath: string,
): Promise<{ readonly run_id: string; readonly status: string } | undefined> {
  const newest = await newestFinished(store, resultPath);
  if (newest === undefined) return undefined;
  const summary = await summaryAt(store, layoutOf({ resultPath, runId: newest }).summary);
  return summary ?? { run_id: newest, status: 'UNREADABLE' };
}
