import { decodePredictions } from '@cosmicai/inference';
import { Reduction, type KeptReduction } from '@cosmicai/metrics';
import type { RankResult, RankTask } from '@cosmicai/payload';
import { changedHashes, changedPredictions, readPredictions, readRank, type MissingRank } from '@cosmicai/runs';
import type { ObjectStore } from '@cosmicai/store';
import { pMapIterable } from 'p-map';
import { readReduction } from './read-reduction.ts';

/** Reads at once: enough to hide the store's latency, few enough for a small function's memory. */
const CONCURRENT_READS = 32;
/** Residuals that come along with a head at once; more are read when their turn comes, so that few are in memory. */
const SMALL_FILE_BYTES = 2 ** 20;

/** A rank that is as it should be, or what is wrong about it. */
export type CollectedRank =
  | { readonly task: RankTask; readonly result: RankResult; readonly text: string }
  | { readonly task: RankTask; readonly missing: MissingRank };

type Reduced = Extract<CollectedRank, { readonly text: string }> & { readonly kept: KeptReduction };

/**
 * Reads ranks in their order, some ahead, and merges what they reduced their predictions to, as long as these are what the rank
 * wrote. What comes is checked; the next ones are read while it is dealt with, and nothing of it is kept.
 */
export async function* collectRanks(
  store: ObjectStore,
  tasks: readonly RankTask[],
  reduction: Reduction,
): AsyncGenerator<CollectedRank> {
  const read = pMapIterable(tasks, (task) => readAhead(store, task, reduction), { concurrency: CONCURRENT_READS });
  for await (const rank of read) {
    if ('missing' in rank) {
      yield rank;
      continue;
    }
    const { task, result, text } = rank;
    const kept = await withResiduals(store, rank, reduction);
    if ('error' in kept) yield { task, missing: kept };
    else {
      reduction.absorb(kept);
      yield { task, result, text };
    }
  }
}

async function readAhead(
  store: ObjectStore,
  task: RankTask,
  reduction: Reduction,
): Promise<Reduced | Extract<CollectedRank, { readonly missing: MissingRank }>> {
  const left = await readRank(store, task);
  if ('missing' in left) return left;
  const { reduction_file: file } = left.result;
  const changed = await changedHashes(store, left.result, reduction.areExact);
  if (changed !== undefined) return { task, missing: changed };
  const kept =
    file === undefined
      ? await reducePredictions(store, left.result)
      : ((await changedPredictions(store, left.result)) ??
        (await readReduction(store, file, left.result, reduction.areExact && file.size <= SMALL_FILE_BYTES)));
  return 'error' in kept ? { task, missing: kept } : { ...left, kept };
}

async function withResiduals(
  store: ObjectStore,
  { kept, result }: Reduced,
  reduction: Reduction,
): Promise<KeptReduction | MissingRank> {
  const { reduction_file: file } = result;
  return file !== undefined && file.size > file.head.size && reduction.needsResiduals(kept)
    ? await readReduction(store, file, result, true)
    : kept;
}

/** Of a rank of an earlier version, which left its predictions alone. */
async function reducePredictions(store: ObjectStore, result: RankResult): Promise<KeptReduction | MissingRank> {
  const predictions = await readPredictions(store, result);
  if ('missing' in predictions) return predictions.missing;
  const reduction = new Reduction();
  for (const row of await decodePredictions(predictions.bytes)) reduction.addRow(row);
  return reduction.kept();
}
