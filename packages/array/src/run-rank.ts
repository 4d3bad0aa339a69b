import { rankTaskOf } from '@cosmicai/inference';
import { parseAs, rankProgressSchema, rankReferenceSchema, type RankProgress } from '@cosmicai/payload';
import { changesWhereItLies, layoutOf, openPlace, ranksInStore, readReference, type RunPlace } from '@cosmicai/runs';
import { z } from 'zod';
import type { Functions } from './functions.ts';

export interface RankOutcome {
  readonly run_id: string;
  readonly rank: number;
  /** `done_before`: an earlier delivery of the same task left all of it. */
  readonly status: 'succeeded' | 'no_data' | 'done_before';
  /** Galaxies. */
  readonly samples: number;
}

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
 * @throws NotFoundError, UserInputError where the plan or a partition is wrong; EnvironmentError where another try may help
 */
export async function runRank(options: RankOptions): Promise<RankOutcome> {
  const { place, index, functions, signal, onProgress } = options;
  const store = openPlace(place);
  const layout = layoutOf(place);
  const planned = { ...(await readReference(store, layout, index)), MANIFEST: layout.manifest };
  const { S3_BUCKET } = parseAs(rankReferenceSchema, planned, layout.items);
  const here = await rankTaskOf({ ...planned, S3_BUCKET: place.bucket }, () => store);
  const changes = changesWhereItLies({ ...here, S3_BUCKET }, place);
  const reference = { ...planned, ...changes };
  const task = { ...here, S3_BUCKET, ...changes };
  const of = { run_id: place.runId, rank: task.RANK };
  const [before] = (await ranksInStore(store, [task])).whole.values();
  if (before !== undefined) return { ...of, status: 'done_before', samples: before.samples };
  // A scheduler promises to nobody that all of a run's ranks are there at once.
  const input = { ...reference, FMI_ENABLED: false };
  const answer = await functions.call('infer', input, signal, (progress) => {
    const { data } = rankProgressSchema.safeParse(progress);
    if (data !== undefined) onProgress?.(data);
  });
  return { ...of, ...parseAs(answered, answer, 'answer of the rank') };
}
