import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ASTROMAE } from '@cosmicai/payload';
import { fileStore, type ObjectStore } from '@cosmicai/store';
import { parquetMetadata } from 'hyparquet';
import { encodePredictions, type PartitionPredictions, type PredictedSamples } from '../src/index.ts';
import { RankPredictions } from '../src/predictions/rank-predictions.ts';

const RANK = 3;

let folder: string;
let store: ObjectStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-predictions-'));
  store = fileStore(folder);
});
afterAll(() => rm(folder, { recursive: true }));

type Ids = (from: number, count: number) => PredictedSamples['id'];
const numbers: Ids = (from, count) => BigInt64Array.from({ length: count }, (_, at) => BigInt(from + at) * 12_345n);
const text: Ids = (from, count) => Array.from({ length: count }, (_, at) => `é${from + at}`);

/** Predictions that follow from their places, in batches of such a size. */
function predictions(
  partition: string,
  galaxies: number,
  { size = 500, ids, truth = true }: { size?: number; ids?: Ids; truth?: boolean } = {},
): PartitionPredictions {
  const batches = Array.from({ length: Math.ceil(galaxies / size) }, (_, number): PredictedSamples => {
    const from = number * size;
    const count = Math.min(size, galaxies - from);
    const wave = (period: number) => (_value: unknown, at: number) => Math.sin((from + at) / period);
    const id = ids?.(from, count);
    return {
      from,
      count,
      zSpec: truth ? Float64Array.from({ length: count }, wave(7)) : null,
      zPred: Float32Array.from({ length: count }, wave(11)),
      magnitudes: Float64Array.from({ length: count * 5 }, (_value, at) => 16 + ((from * 5 + at) % 97) / 16),
      flags: Uint16Array.from({ length: count }, (_value, at) => ((from + at) % 10 === 0 ? 4 : 0)),
      ...(id && { id }),
    };
  });
  return { partition, batches };
}

async function written(partitions: readonly PartitionPredictions[]) {
  const options = { rank: RANK, features: ASTROMAE.features };
  await using file = new RankPredictions(store, 'predictions.parquet', options);
  for (const { partition, batches } of partitions) for (const each of batches) await file.add(partition, each);
  const told = await file.finish();
  const bytes = await store.get(told.key, { ifMatch: told.etag });
  return { told, bytes };
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('a rank’s predictions, written as they come', () => {
  it.each<[string, readonly PartitionPredictions[]]>([
    ['none', []],
    ['few', [predictions('1.pt', 7, { size: 3 })]],
    ['of two row groups', [predictions('1.pt', 900), predictions('2.pt', 900)]],
    ['without truth in one file', [predictions('1.pt', 1200, { truth: false }), predictions('2.pt', 30)]],
    ['named by numbers', [predictions('1.pt', 1500, { ids: numbers })]],
    ['named from the second file on', [predictions('1.pt', 1500), predictions('2.pt', 40, { ids: numbers })]],
    [
      'named in three ways',
      [
        predictions('1.pt', 30, { ids: numbers }),
        predictions('2.pt', 1200, { size: 77, ids: text, truth: false }),
        predictions('3.pt', 5),
        predictions('4.pt', 12, { ids: numbers }),
      ],
    ],
  ])('are the bytes of all of them at once: %s', async (_, partitions) => {
    const { told, bytes } = await written(partitions);
    expect(bytes.equals(encodePredictions(RANK, partitions))).toBe(true);
    expect(told).toMatchObject({ key: 'predictions.parquet', size: bytes.length, sha256: sha256(bytes) });
  });

  it('are the bytes that earlier versions wrote, in whatever batches, up to 11,000 galaxies', async () => {
    // Of the encoder of whole files at 540a190.
    const golden = 'c23e38d14bc42d1320cf04c7a6457e225beb3108af77ed72d71602f73aa7dfba';
    for (const size of [1, 512, 2500])
      expect(sha256((await written([predictions('1.pt', 2500, { size })])).bytes)).toBe(golden);
  });

  it('have row groups of 10,000 after a first one of 1,000', async () => {
    const { bytes } = await written([predictions('1.pt', 21_500)]);
    const { row_groups: groups } = parquetMetadata(new Uint8Array(bytes).buffer);
    expect(groups.map((group) => Number(group.num_rows))).toEqual([1000, 10_000, 10_000, 500]);
  });

  it('tell a failure of the store from one of the partition', async () => {
    const reason = new Error('Slow down.');
    const down = { ...store, put: () => Promise.reject(reason) } as unknown as ObjectStore;
    await using file = new RankPredictions(down, 'a', { rank: 0, features: ASTROMAE.features });
    await file.add('1.pt', predictions('1.pt', 1).batches[0]!);
    expect(file.failure).toBeUndefined();
    // Named in another way: what there is is written and read back.
    await expect(file.add('2.pt', predictions('2.pt', 1, { ids: text }).batches[0]!)).rejects.toBe(reason);
    expect(file.failure).toBe(reason);
  });

  it('are no file unless they are finished', async () => {
    {
      await using file = new RankPredictions(store, 'given up', { rank: 0, features: ASTROMAE.features });
      for (const each of predictions('1.pt', 3000).batches) await file.add('1.pt', each);
    }
    expect(await store.head('given up')).toBeUndefined();
  });
});
