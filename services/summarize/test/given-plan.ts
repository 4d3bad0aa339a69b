import { runLayout, type RunRecord } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';

export const RUN_ID = '20260304T050607Z-01234567';
export const layout = runLayout('out', RUN_ID);
export const reference = { run_id: RUN_ID, bucket: 'galaxies', result_path: 'out' };

export const task = (rank: number, worldSize: number) => ({
  S3_BUCKET: 'galaxies',
  WORLD_SIZE: String(worldSize),
  RANK: String(rank),
  DATA_BUCKET: 'galaxies',
  DATA_PREFIX: '',
  DATA_PATH: `${rank + 1}.pt`,
  RESULT_PATH: 'out',
  BATCH_SIZE: 4,
  RUN_ID,
});

/** What Initialize leaves of a run in which each rank has a partition. */
export async function givenPlan(store: ObjectStore, worldSize: number, tolerated = 0, fmi = false): Promise<void> {
  const record: RunRecord = {
    run: {
      ...reference,
      manifest_key: layout.manifest,
      map_prefix: layout.map,
      world_size: worldSize,
      ranks_with_data: worldSize,
      max_concurrency: 10,
      tolerated_failure_percentage: tolerated,
      fmi_enabled: fmi,
      rendezvous_endpoint: fmi ? '127.0.0.1:10000' : null,
    },
    created_at: '2026-03-04T05:06:07.000Z',
    payload: {},
    warnings: [],
    partitions: { files: worldSize, bytes: 1 },
  };
  await store.put(layout.run, JSON.stringify(record));
  const tasks = Array.from({ length: worldSize }, (_, rank) => task(rank, worldSize));
  await store.put(layout.manifest, JSON.stringify(tasks));
}
