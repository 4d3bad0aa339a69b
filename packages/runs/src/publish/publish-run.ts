import { MOST_RANKS_PUBLISHED, rankResultSchema } from '@cosmicai/payload';
import { NotFoundError, type Body, type ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';
import { layoutOf, type RunPlace } from '../place/run-place.ts';
import { acquireLease, type HeldLease, type LeaseClock } from './lease.ts';

const CONCURRENT_WRITES = 32;

export interface Publication {
  readonly place: Pick<RunPlace, 'resultPath' | 'runId'>;
  /** Texts of the ranks' results. */
  readonly ranks: readonly { readonly rank: number; readonly text: string }[];
  /** Begins to read what combines the ranks; asked for again when publishing begins anew. */
  readonly combined: () => Promise<Body>;
  readonly summary: string;
}

/**
 * Publishes a run at its result_path, where notebooks look: ranks, then what combines them, the summary last. Runs that
 * publish at once into one path do so one after the other, so that the files there are of one run.
 *
 * @throws PublishingError when another run doesn't come to an end there
 */
export async function publishRun(store: ObjectStore, publication: Publication, clock: LeaseClock): Promise<void> {
  const { place } = publication;
  for (;;) {
    const lease = await acquireLease(store, layoutOf(place).published.lease, place.runId, clock);
    try {
      if (await publishUnder(lease, store, publication)) return;
    } finally {
      await lease.release();
    }
  }
}

/** @returns false when the lease was lost: somebody else may have written in between */
async function publishUnder(lease: HeldLease, store: ObjectStore, publication: Publication): Promise<boolean> {
  const { place, combined, summary } = publication;
  const { published } = layoutOf(place);
  const ranks = publication.ranks.length > MOST_RANKS_PUBLISHED ? [] : publication.ranks;
  const chunks = Array.from({ length: Math.ceil(ranks.length / CONCURRENT_WRITES) }, (_, chunk) =>
    ranks.slice(chunk * CONCURRENT_WRITES, (chunk + 1) * CONCURRENT_WRITES),
  );
  for (const chunk of chunks) {
    if (!(await lease.stillHeld())) return false;
    await Promise.all(chunk.map(({ rank, text }) => store.put(published.rankResult(rank), text)));
  }
  await removeOthers(store, place.resultPath, new Set(ranks.map(({ rank }) => published.rankResult(rank))));
  for (const [key, content] of [
    [published.combined, combined],
    [published.summary, () => Promise.resolve(summary)],
  ] as const) {
    if (!(await lease.stillHeld())) return false;
    await store.put(key, await content());
  }
  return await lease.stillHeld();
}

/** Removes results that ranks of earlier runs published and this one has no rank for; what runs of others left stays. */
async function removeOthers(store: ObjectStore, resultPath: string, kept: ReadonlySet<string>): Promise<void> {
  const prefix = `${resultPath}/`;
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) {
    // Names that begin with a digit come first: what is listed after them, all runs among it, is none of this.
    if (key.charAt(prefix.length) > '9') break;
    if (/^\d+\.json$/.test(key.slice(prefix.length)) && !kept.has(key)) found.push(key);
  }
  await pMap(found, async (key) => ((await isOfARun(store, key)) ? store.delete(key) : undefined), {
    concurrency: CONCURRENT_WRITES,
  });
}

async function isOfARun(store: ObjectStore, key: string): Promise<boolean> {
  try {
    const { data } = rankResultSchema.safeParse(JSON.parse((await store.get(key)).toString()));
    return data !== undefined && data.run_id !== null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof NotFoundError) return false;
    throw error;
  }
}
