import { decodePredictions } from '@cosmicai/inference';
import { decodeReduction, Reduction, type ReducedPredictions } from '@cosmicai/metrics';
import { UserInputError, type RankResult, type RunLayout } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import { readPredictions } from '../plan/read-rank.ts';
import type { ProvenFiles } from '../proof/proven-files.ts';

/**
 * What there is to draw of a run's predictions, as Summarize left it. Runs of earlier versions left the predictions alone, which are read
 * rank by rank.
 *
 * @throws UserInputError when what Summarize left is damaged or gone
 */
export async function reducedPredictions(
  store: ObjectStore,
  layout: Pick<RunLayout, 'reduction' | 'rankPredictions'>,
  { results, files }: { readonly results: readonly RankResult[]; readonly files: ProvenFiles },
): Promise<ReducedPredictions> {
  const reduction = new Reduction({ exactUpTo: 0 });
  const merged = await files.find(layout.reduction);
  if (merged !== undefined) reduction.absorb(decodeReduction(merged, undefined, layout.reduction));
  else
    for (const result of results)
      reduction.merge(await reducedRank(store, { ...result, predictions_key: layout.rankPredictions(result.rank) }));
  return reduction.predictions();
}

async function reducedRank(store: ObjectStore, result: RankResult): Promise<Reduction> {
  const left = await readPredictions(store, result);
  if ('missing' in left) throw new UserInputError(`Rank ${result.rank} can't be drawn: ${left.missing.cause}.`);
  const reduction = new Reduction({ exactUpTo: 0 });
  for (const row of await decodePredictions(left.bytes)) reduction.addRow(row);
  return reduction;
}
