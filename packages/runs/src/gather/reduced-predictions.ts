import { decodePredictions } from '@cosmicai/inference';
import { decodeReduction, Reduction, type ReducedPredictions } from '@cosmicai/metrics';
import type { RankResult, RunLayout } from '@cosmicai/payload';
import { getIfThere, type ObjectStore } from '@cosmicai/store';

/**
 * What there is to draw of a run's predictions, as Summarize left it. Runs of earlier versions left the predictions alone, which are read
 * rank by rank.
 *
 * @throws UnusableFileError when what Summarize left is damaged
 */
export async function reducedPredictions(
  store: ObjectStore,
  layout: Pick<RunLayout, 'reduction' | 'rankPredictions'>,
  results: readonly RankResult[],
): Promise<ReducedPredictions> {
  const reduction = new Reduction({ exactUpTo: 0 });
  const merged = await getIfThere(store, layout.reduction);
  if (merged !== undefined) reduction.absorb(decodeReduction(merged, undefined, layout.reduction));
  else for (const result of results) reduction.merge(await reducedRank(store, layout.rankPredictions(result.rank)));
  return reduction.predictions();
}

async function reducedRank(store: ObjectStore, key: string): Promise<Reduction> {
  const reduction = new Reduction({ exactUpTo: 0 });
  for (const row of await decodePredictions(await store.get(key))) reduction.addRow(row);
  return reduction;
}
