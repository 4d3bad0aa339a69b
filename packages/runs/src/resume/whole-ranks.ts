import type { Manifest, RankResult } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';
import { readPredictions, readRank, type MissingRank } from '../plan/read-rank.ts';

const CONCURRENT_READS = 16;

/** What the store holds of a run's ranks that have data. */
export interface RanksInStore {
  /** Results by rank that fit their tasks, with predictions that are what the rank wrote. */
  readonly whole: ReadonlyMap<number, RankResult>;
  /** The others, which have to run, or to run again. */
  readonly missing: ReadonlyMap<number, MissingRank>;
}

/** Looks what of a run needn't be done again, whatever logs say. */
export async function ranksInStore(store: ObjectStore, manifest: Manifest): Promise<RanksInStore> {
  const whole = new Map<number, RankResult>();
  const missing = new Map<number, MissingRank>();
  await pMap(
    manifest.filter(({ DATA_PATH }) => DATA_PATH.length > 0),
    async (task) => {
      const left = await readRank(store, task);
      const predictions = 'missing' in left ? left : await readPredictions(store, left.result);
      if ('missing' in predictions) missing.set(task.RANK, predictions.missing);
      else if ('result' in left) whole.set(task.RANK, left.result);
    },
    { concurrency: CONCURRENT_READS },
  );
  return { whole, missing };
}
