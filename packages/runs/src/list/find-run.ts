import {
  InvalidInputError,
  parseJsonAs,
  runSummarySchema,
  shellWord,
  UserInputError,
  type RunSummary,
} from '@cosmicai/payload';
import { getIfThere, readableAddress, resultsLocation, type ObjectStore } from '@cosmicai/store';
import { layoutOf, openPlace, type RunPlace } from '../place/run-place.ts';
import { readLease } from '../publish/lease.ts';
import { readPlan } from '../plan/read-plan.ts';
import { newestFinished, ranksWithResult, runIds } from './run-folders.ts';

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
      `There is no finished run in ${readableAddress(bucket, resultPath)}: it has neither a summary.json nor a runs/<run_id>/summary.json.${await unfinished({ bucket, resultPath, ...how }, store)}`,
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

/** How far the newest run of a results folder is that came to no summary, and what there is to type: sentences, each after a space. */
async function unfinished(results: Omit<RunPlace, 'runId'>, store: ObjectStore): Promise<string> {
  const runId = (await runIds(store, results.resultPath)).at(-1);
  if (runId === undefined) return '';
  const place = { ...results, runId };
  const folder = readableAddress(place.bucket, layoutOf(place).folder);
  const planned = await readPlan(store, place).catch((error: unknown) => {
    if (error instanceof UserInputError) return undefined;
    throw error;
  });
  if (planned === undefined) return ` Of run ${runId} there is no plan that can be read: start a new one.`;
  const done = await ranksWithResult(store, layoutOf(place).folder);
  const missing = planned.manifest.flatMap(({ RANK, DATA_PATH }, index) =>
    DATA_PATH.length === 0 || done.has(RANK) ? [] : [index],
  );
  const [first] = missing;
  const ranks = `${planned.manifest.length - missing.length} of ${planned.manifest.length} ranks of run ${runId}`;
  if (first === undefined) return ` ${ranks} are done: combine them with: cosmicai summarize ${shellWord(folder)}`;
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : '';
  return (
    ` ${ranks} are done; missing: ${missing.slice(0, NAMED).join(', ')}${more}.` +
    ` Where cosmicai run began it, cosmicai status ${shellWord(readableAddress(place.bucket, place.resultPath))} says how to go on; else run each that is missing` +
    ` (cosmicai rank --manifest ${shellWord(`${folder}/manifest.json`)} --index ${first}), and then type: cosmicai summarize ${shellWord(folder)}`
  );
}

/** Ranks named in a sentence. */
const NAMED = 20;

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
