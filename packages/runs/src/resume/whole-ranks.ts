import type { Manifest, RankResult } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';
import { changedHashes, damagedFile, damagedPredictions, readRank, type MissingRank } from '../plan/read-rank.ts';

const CONCURRENT_READS = 16;

/** What the store holds of a run's ranks that have data. */
export interface RanksInStore {
  /** Results by rank that fit their tasks, with predictions, hashes and reductions that are what the rank wrote. */
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
      const problem =
        'missing' in left
          ? left.missing
          : ((await damagedPredictions(store, left.result)) ?? (await damagedBeside(store, left.result)));
      if (problem !== undefined) missing.set(task.RANK, problem);
      else if ('result' in left) whole.set(task.RANK, left.result);
    },
    { concurrency: CONCURRENT_READS },
  );
  return { whole, missing };
}

/** What Summarize needs beside the predictions, to find duplicates and to tell of them without reading them. */
async function damagedBeside(store: ObjectStore, result: RankResult): Promise<MissingRank | undefined> {
  const { reduction_file: reduction } = result;
  return (
    (await changedHashes(store, result, true)) ??
    (reduction && (await damagedFile(store, reduction, 'ReductionDamaged')))
  );
}
