import { MOST_RANKS_PUBLISHED, runSummarySchema, type RankResult } from '@cosmicai/payload';
import { getIfThere, type ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';
import { layoutOf, type RunPlace } from '../place/run-place.ts';
import { readLease } from '../publish/lease.ts';
import type { Finding } from './findings.ts';

const CONCURRENT_READS = 16;
const NONE = Buffer.alloc(0);

export interface PublishedVerification {
  readonly findings: readonly Finding[];
  /** What is published instead, or going on. */
  readonly notes: readonly string[];
  readonly compared: number;
}

/** Compares what is published at a result_path with the run's own files, when it is this run that is published there. */
export async function verifyPublished(
  store: ObjectStore,
  place: Pick<RunPlace, 'resultPath' | 'runId'>,
  results: ReadonlyMap<number, RankResult>,
): Promise<PublishedVerification> {
  const layout = layoutOf(place);
  const { published } = layout;
  const lease = await readLease(store, published.lease);
  if (lease !== undefined)
    return {
      findings: [],
      notes: [`Run ${lease.run_id} is being published beside it since ${lease.since}.`],
      compared: 0,
    };
  const there = await getIfThere(store, published.summary);
  const { data } = runSummarySchema.pick({ run_id: true }).safeParse(jsonOf(there));
  if (data?.run_id !== undefined && data.run_id !== place.runId)
    return (await isThere(store, { ...place, runId: data.run_id }))
      ? { findings: [], notes: [`Published beside it is run ${data.run_id}.`], compared: 0 }
      : {
          findings: [
            { what: published.summary, problem: `names a run that isn't there: ${data.run_id}`, mend: 'resume' },
          ],
          notes: [],
          compared: 1,
        };
  const combined = await getIfThere(store, layout.combined);
  // Where none of it is left somebody took it away, or it never was there.
  const isPartLeft =
    there !== undefined || (await getIfThere(store, published.combined))?.equals(combined ?? NONE) === true;
  if (!isPartLeft) return { findings: [], notes: ['It is not published.'], compared: 0 };
  const ranks = results.size > MOST_RANKS_PUBLISHED ? [] : [...results.keys()];
  const pairs = [
    [published.summary, layout.summary],
    [published.combined, layout.combined],
    ...ranks.map((rank) => [published.rankResult(rank), layout.rankResult(rank)] as const),
  ] as const;
  const compared = await pMap(
    pairs,
    async ([copy, own]): Promise<Finding[]> => {
      const [copied, written] = await Promise.all([getIfThere(store, copy), getIfThere(store, own)]);
      // What is wrong with the run's own file is said of that.
      if (written === undefined || copied?.equals(written) === true) return [];
      return [{ what: copy, problem: copied === undefined ? 'is gone' : `is not the same as ${own}`, mend: 'resume' }];
    },
    { concurrency: CONCURRENT_READS },
  );
  return { findings: compared.flat(), notes: [], compared: pairs.length };
}

async function isThere(store: ObjectStore, place: Pick<RunPlace, 'resultPath' | 'runId'>): Promise<boolean> {
  return (await store.head(layoutOf(place).run)) !== undefined;
}

function jsonOf(bytes: Buffer | undefined): unknown {
  try {
    return JSON.parse(bytes?.toString() ?? '');
  } catch {
    return undefined;
  }
}
