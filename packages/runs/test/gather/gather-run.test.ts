import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { encodePredictions } from '@cosmicai/inference';
import { encodeReduction, Reduction, seededRandom } from '@cosmicai/metrics';
import { runLayout } from '@cosmicai/payload';
import { fileStore, type ObjectStore } from '@cosmicai/store';
import { makeRun, RUN_ID } from '../../../../test/made-run.ts';
import { gatherRun } from '../../src/gather.ts';

const GALAXIES = 40;
const RANKS = [0, 1];
const layout = runLayout('results', RUN_ID);

let folder: string;
let store: ObjectStore;

function batchOf(rank: number) {
  const random = seededRandom(rank + 1);
  const zSpec = Float64Array.from({ length: GALAXIES }, () => random());
  const zPred = Float32Array.from(zSpec, (z) => z + 0.2 * (random() - 0.5));
  const magnitudes = new Float64Array(5 * GALAXIES);
  return { from: 0, count: GALAXIES, magnitudes, zSpec, zPred, flags: new Uint16Array(GALAXIES) };
}

/** What Summarize leaves of the ranks' reductions. */
function merged(): Buffer {
  const all = new Reduction();
  for (const rank of RANKS) {
    const reduction = new Reduction();
    reduction.addAll({ ...batchOf(rank), rank, partition: `${rank}.pt` });
    all.merge(reduction);
  }
  return encodeReduction(all.kept(), { withValues: false }).head;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-gather-'));
  store = fileStore(folder);
  const ranks = RANKS.map((rank) => ({
    partitions: [{ key: `${rank}.pt`, samples: GALAXIES }],
    predictions: encodePredictions(rank, [{ partition: `${rank}.pt`, batches: [batchOf(rank)] }]),
  }));
  await makeRun(store, ranks);
  const texts = await Promise.all(RANKS.map(async (rank) => (await store.get(layout.rankResult(rank))).toString()));
  await store.put(layout.combined, `[${texts.join(',')}]`);
});
afterEach(() => rm(folder, { recursive: true }));

const gather = (forPage?: boolean) =>
  gatherRun({ bucket: pathToFileURL(folder).href, resultPath: 'results', runId: RUN_ID }, undefined, {
    ...(forPage !== undefined && { forPage }),
  });

describe('gathering a run', () => {
  it('draws what Summarize left as it draws the predictions of a run of an earlier version', async () => {
    const earlier = await gather();
    await store.put(layout.reduction, merged());
    await store.deletePrefix(`${layout.predictions}/`);
    const { predictions } = await gather();

    expect(predictions?.redshifts.counts.reduce((sum, count) => sum + count, 0)).toBe(2 * GALAXIES);
    expect(predictions).toEqual(earlier.predictions);
  });

  it('reads neither predictions nor what they come to where only tables are asked for', async () => {
    await store.put(layout.reduction, 'damaged');
    await store.deletePrefix(`${layout.predictions}/`);
    const material = await gather(false);

    expect(material.summary.samples).toBe(2 * GALAXIES);
    expect(material.ours?.map(({ rank }) => rank)).toEqual(RANKS);
    expect(material).not.toHaveProperty('predictions');
  });

  it('refuses what is not the reduction of the run by its name', async () => {
    await store.put(layout.reduction, 'damaged');

    await expect(gather()).rejects.toThrow(/runs\/.*\/reduction\.bin, byte 0: it is not the reduction/);
  });
});
