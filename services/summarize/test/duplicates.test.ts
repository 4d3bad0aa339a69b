import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeHashes, encodeHashes, sortedHashes } from '@cosmicai/inference';
import { runLayout } from '@cosmicai/payload';
import { fileStore, type ObjectStore } from '@cosmicai/store';
import { findDuplicates, IMAGES, NAMES } from '../src/duplicates.ts';

const layout = runLayout('results', 'run-1');
let folder: string;
let store: ObjectStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-duplicates-'));
  store = fileStore(folder);
});
afterEach(() => rm(folder, { recursive: true }));

const galaxies = (count: number) => decodeHashes(randomBytes(8 * count));

async function givenRank(rank: number, ...parts: BigUint64Array[]) {
  const hashes = sortedHashes(parts);
  await store.put(layout.rankHashes(rank), encodeHashes(hashes));
  return { rank, samples: hashes.length };
}

describe('findDuplicates', () => {
  it('counts galaxies that several ranks or one rank twice have', async () => {
    const shared = galaxies(12);
    const results = [await givenRank(0, galaxies(100)), await givenRank(3, galaxies(88), shared)];
    expect(await findDuplicates(store, layout, results)).toEqual({
      duplicates: { galaxies: 0, exact: true },
      warnings: [],
      notChecked: [],
    });
    const within = galaxies(1);
    results.push(await givenRank(7, shared, galaxies(50), within, within));
    expect(await findDuplicates(store, layout, results)).toEqual({
      duplicates: { galaxies: 13, exact: true },
      warnings: [
        expect.stringMatching(
          /^13 galaxies occur more than once \(one of them (in rank 3 and rank 7|twice in rank 7)\)\.$/,
        ),
      ],
      notChecked: [],
    });
  });

  it('is exact at the limit, and estimates beyond it from the front of each file', async () => {
    const shared = galaxies(4000);
    const results = [await givenRank(0, galaxies(6000), shared), await givenRank(1, shared, galaxies(6000))];
    expect((await findDuplicates(store, layout, results, IMAGES, 20_000)).duplicates).toEqual({
      galaxies: 4000,
      exact: true,
    });

    let bytes = 0;
    const counting: ObjectStore = Object.assign(Object.create(store) as ObjectStore, {
      get: () => Promise.reject(new Error('reads a whole file')),
      getRange: async (...range: Parameters<ObjectStore['getRange']>) => {
        const read = await store.getRange(...range);
        bytes += read.length;
        return read;
      },
    });
    const { duplicates, warnings } = await findDuplicates(counting, layout, results, IMAGES, 4000);
    // Each of the 4,000 is in the sample with a probability of 0.2: within six standard deviations of that.
    expect(duplicates?.exact).toBe(false);
    expect(Math.abs((duplicates?.galaxies ?? 0) - 4000)).toBeLessThan(6 * Math.sqrt(4000 * 0.2 * 0.8) * 5);
    expect(warnings[0]).toMatch(/^About \d+ galaxies occur more than once/);
    expect(bytes).toBeLessThan(8 * 6000);
  });

  it('reads on where copies of one galaxy fill the front of a file', async () => {
    const copies = new BigUint64Array(5000).fill(3n);
    const low = BigUint64Array.from({ length: 10 }, (_, k) => BigInt(k + 10));
    const results = [await givenRank(0, copies, low, galaxies(5000)), await givenRank(1, low, galaxies(9000))];
    const { duplicates } = await findDuplicates(store, layout, results, IMAGES, 1000);
    expect(duplicates?.galaxies).toBeGreaterThanOrEqual(11 * 19);
  });

  it('says which ranks left no hashes, as those of earlier versions', async () => {
    const results = [await givenRank(0, galaxies(5)), { rank: 1, samples: 5 }];
    const { duplicates, notChecked } = await findDuplicates(store, layout, results);
    expect(duplicates).toEqual({ galaxies: 0, exact: true });
    expect(notChecked).toEqual([
      'Whether galaxies of rank 1 occur more than once: no hashes of the images were left there.',
    ]);
    expect((await findDuplicates(store, layout, [...results, { rank: 2, samples: 5 }])).notChecked).toEqual([
      expect.stringMatching(/^Whether galaxies of 2 ranks occur more than once: /),
    ]);
    expect((await findDuplicates(store, layout, [{ rank: 8, samples: 5 }])).duplicates).toBeUndefined();
  });

  it('counts names of galaxies likewise', async () => {
    const put = (rank: number, ...hashes: bigint[]) =>
      store.put(layout.rankNames(rank), encodeHashes(BigUint64Array.from(hashes)));
    await put(0, 1n, 2n, 3n);
    await put(1, 2n, 3n, 5n);
    const results = [0, 1, 2].map((rank) => ({ rank, samples: 3 }));
    expect(await findDuplicates(store, layout, results, NAMES)).toEqual({
      duplicates: { galaxies: 2, exact: true },
      warnings: [
        'Of all ranks together: 2 names (id) are those of several galaxies (one of them in rank 0 and rank 1).',
      ],
      notChecked: ['Whether galaxies of rank 2 have names of others: no hashes of names were left there.'],
    });
    const { warnings } = await findDuplicates(store, layout, results.slice(0, 2), NAMES, 1);
    expect(warnings).toEqual([expect.stringMatching(/^Of all ranks together: About 12 names/)]);
  });

  it('fails where hashes can’t be read for another reason than that there are none', async () => {
    const broken: ObjectStore = Object.assign(Object.create(store) as ObjectStore, {
      get: () => Promise.reject(new Error('connection reset')),
    });
    await expect(findDuplicates(broken, layout, [{ rank: 0, samples: 5 }])).rejects.toThrow('connection reset');
  });

  it('counts none above the limit of a sample, though they were read, and reads no further than to it', async () => {
    // 100 galaxies of which the sample is to hold 1: what is below a hundredth of all hashes.
    const limit = (1n << 64n) / 100n;
    const half = (last: bigint) => ({ hashes: BigUint64Array.of(5n, last, limit + 1n), samples: 50 });
    const ranges: string[] = [];
    const counting: ObjectStore = Object.assign(Object.create(store) as ObjectStore, {
      getRange: async (...range: Parameters<ObjectStore['getRange']>) => {
        ranges.push(range[0]);
        return await store.getRange(...range);
      },
    });
    for (const last of [limit, limit - 1n]) {
      const { hashes, samples } = half(last);
      const results = [0, 1].map((rank) => ({ rank, samples }));
      for (const { rank } of results) await givenRank(rank, hashes);
      const { duplicates } = await findDuplicates(counting, layout, results, IMAGES, 1);
      expect(duplicates).toEqual({ galaxies: last === limit ? 100 : 200, exact: false });
    }
    expect(ranges).toHaveLength(4);
  });

  it('reads once where a reading ends at the limit, and where the file ends before it', async () => {
    const limit = (1n << 64n) / 100n;
    const ranges: [number, number][] = [];
    const counting: ObjectStore = Object.assign(Object.create(store) as ObjectStore, {
      getRange: async (key: string, start: number, end: number) => {
        ranges.push([start, end]);
        return await store.getRange(key, start, end);
      },
    });
    // Each reading takes 15 hashes.
    const upTo = BigUint64Array.from({ length: 15 }, (_, k) => limit - 14n + BigInt(k));
    await givenRank(0, upTo, BigUint64Array.of(limit + 7n));
    await givenRank(1, BigUint64Array.of(1n, 2n));
    const results = [0, 1].map((rank) => ({ rank, samples: 50 }));
    expect((await findDuplicates(counting, layout, results, IMAGES, 1)).duplicates).toEqual({
      galaxies: 0,
      exact: false,
    });
    expect(ranges).toEqual(Array(2).fill([0, 8 * 15]));
  });

  it('reads a file that ends right where a reading does', async () => {
    // 100 galaxies of which the sample is to hold 1: each reading takes 16 hashes.
    const low = BigUint64Array.from({ length: 16 }, (_, k) => BigInt(k));
    const results = [await givenRank(0, low), { ...(await givenRank(1, low)), samples: 84 }];
    const { duplicates } = await findDuplicates(store, layout, results, IMAGES, 1);
    expect(duplicates).toEqual({ galaxies: 16 * 100, exact: false });
  });
});
