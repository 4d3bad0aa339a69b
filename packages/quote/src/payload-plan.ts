import { partitionsIn, planRanks, type RunPayload } from '@cosmicai/payload';
import { listAll, type ObjectStore } from '@cosmicai/store';
import { loadsOf, type RunPlan } from './run-plan.ts';

/** What a stage gives its ranks: what their quote depends on beside the payload. */
export type RankFunction = Pick<
  RunPlan,
  'memoryMb' | 'ephemeralStorageMb' | 'architecture' | 'childType' | 'rendezvous' | 'provisionedConcurrency'
>;

/** Bytes of each partition file that a run over a prefix reads, by key. */
export async function partitionSizes(store: ObjectStore, prefix: string): Promise<Map<string, number>> {
  const { objects } = await listAll(store, prefix === '' ? '' : `${prefix}/`);
  return new Map(partitionsIn(objects, prefix).partitions.map(({ key, size }) => [key, size]));
}

/** A payload's run over the partitions that are there, as a quote takes it. @throws UserInputError when there are none */
export function runPlanOf(
  payload: RunPayload,
  sizes: ReadonlyMap<string, number>,
  rankFunction: RankFunction,
): RunPlan {
  return {
    ...rankFunction,
    ranks: loadsOf(planRanks(payload, [...sizes.keys()]), (key) => sizes.get(key) ?? 0),
    batchSize: payload.batch_size,
    maxConcurrency: payload.max_concurrency,
    fmi: payload.fmi_enabled,
    dataElsewhere: bucketOf(payload.data_bucket) !== bucketOf(payload.bucket),
  };
}

/** A bucket's bare name: payloads may give it as an address. */
export function bucketOf(address: string): string {
  return address.replace(/^s3:\/\//, '').replace(/\/+$/, '');
}
