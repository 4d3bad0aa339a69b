import { rankTaskOf } from '@cosmicai/inference';
import {
  parseAs,
  parseJsonAs,
  rankProgressSchema,
  rankReferenceSchema,
  rankResultSchema,
  type RankProgress,
  type RankResult,
} from '@cosmicai/payload';
import {
  changesWhereItLies,
  checkRecord,
  layoutOf,
  openPlace,
  ranksInStore,
  readReference,
  type RunPlace,
} from '@cosmicai/runs';
import { getIfThere } from '@cosmicai/store';
import { z } from 'zod';
import type { Functions } from './functions.ts';

export interface RankOutcome extends Pick<RankResult, (typeof NOTICED)[number]> {
  readonly run_id: string;
  readonly rank: number;
  /** `done_before`: an earlier delivery of the same task left all of it. */
  readonly status: 'succeeded' | 'no_data' | 'done_before';
  /** Galaxies. */
  readonly samples: number;
}

/** What a rank takes down of its data beside their number. */
const NOTICED = ['flagged', 'warnings', 'not_checked', 'columns_taken'] as const;

export interface RankOptions {
  readonly place: RunPlace;
  /** Its place in the order of ranks. */
  readonly index: number;
  readonly functions: Functions;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: RankProgress) => void;
}

const answered = z.object({ status: z.enum(['succeeded', 'no_data']), samples: z.number() });

/**
 * Runs one rank of a plan, once, however often its scheduler delivers it: what is done is not done again, and what was kept of
 * attempts that were killed is not predicted again. Several at once for the same rank write the same.
 *
 * @throws NotFoundError, PlanChangedError, UserInputError where the plan or a partition is wrong; EnvironmentError where another try may help
 */
export async function runRank(options: RankOptions): Promise<RankOutcome> {
  const { place, index, functions, signal, onProgress } = options;
  const store = openPlace(place);
  const layout = layoutOf(place);
  const planned = { ...(await readReference(store, layout, index)), MANIFEST: layout.manifest };
  // Summarize refuses a run whose record was changed: what ranks predict until then would be for nothing.
  await checkRecord(store, layout);
  const { S3_BUCKET } = parseAs(rankReferenceSchema, planned, layout.items);
  const here = await rankTaskOf({ ...planned, S3_BUCKET: place.bucket }, () => store);
  const changes = changesWhereItLies({ ...here, S3_BUCKET }, place);
  const reference = { ...planned, ...changes };
  const task = { ...here, S3_BUCKET, ...changes };
  const of = { run_id: place.runId, rank: task.RANK };
  const [before] = (await ranksInStore(store, [task])).whole.values();
  if (before !== undefined) return { ...of, status: 'done_before', samples: before.samples, ...noticedIn(before) };
  // A scheduler promises to nobody that all of a run's ranks are there at once.
  const input = { ...reference, FMI_ENABLED: false };
  const answer = await functions.call('infer', input, signal, (progress) => {
    const { data } = rankProgressSchema.safeParse(progress);
    if (data !== undefined) onProgress?.(data);
  });
  const left = await getIfThere(store, layout.rankResult(task.RANK));
  return {
    ...of,
    ...parseAs(answered, answer, 'answer of the rank'),
    ...(left && noticedIn(parseJsonAs(rankResultSchema, left.toString(), layout.rankResult(task.RANK)))),
  };
}

function noticedIn(result: RankResult): Pick<RankOutcome, (typeof NOTICED)[number]> {
  return Object.fromEntries(NOTICED.flatMap((name) => (result[name] === undefined ? [] : [[name, result[name]]])));
}
