import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ObjectStore, openStore } from '@cosmicai/store';
import { openPartition, storeSource, MEGABYTE } from '@cosmicai/torchfile';
import { simulateSurvey, type SurveyProgress, writeSurvey } from '../src/index.ts';

const KILOBYTE = 1024;

describe('writeSurvey', () => {
  let folder: string;
  let store: ObjectStore;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'survey-'));
    store = openStore(pathToFileURL(folder).href);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('writes numbered partitions within the size, which read back to the bit', async () => {
    const seen: SurveyProgress[] = [];
    const partitionBytes = 210 * KILOBYTE;
    const written = await writeSurvey(store, 'survey', { count: 25, seed: 9, partitionBytes }, (p) => seen.push(p));

    expect(written.map(({ key, galaxies }) => [key, galaxies])).toEqual([
      ['survey/1.pt', 10],
      ['survey/2.pt', 10],
      ['survey/3.pt', 5],
    ]);
    expect(seen.at(-1)).toEqual({ galaxies: 25, count: 25, partitions: 3, partitionCount: 3 });
    const [expected] = [...simulateSurvey({ count: 5, seed: 9, start: 20 })];
    const { size } = (await store.head('survey/3.pt'))!;
    expect(written[2]!.bytes).toBe(size);
    const partition = await openPartition(await storeSource(store, 'survey/3.pt'));
    const read = await partition.read(0, 5);
    expect(read.images).toEqual(expected!.images);
    expect(read.magnitudes).toEqual(expected!.magnitudes);
    expect(read.redshift).toEqual(expected!.redshift);
  });

  it('writes the same bytes for the same seed', async () => {
    const options = { count: 12, seed: 77, partitionBytes: 10_000 * KILOBYTE };
    await writeSurvey(store, 'a/', options);
    await writeSurvey(store, 'b', options);
    const digest = async (key: string): Promise<string> =>
      createHash('sha256')
        .update(await store.get(key))
        .digest('hex');
    expect(await digest('a/1.pt')).toBe(await digest('b/1.pt'));
  });

  it('stops when told to and leaves no half of a partition', async () => {
    const stop = new AbortController();
    const writing = writeSurvey(
      store,
      'stopped',
      { count: 1000, seed: 1, partitionBytes: 100_000 * KILOBYTE, signal: stop.signal },
      ({ galaxies }) => {
        if (galaxies > 100) stop.abort();
      },
    );
    await expect(writing).rejects.toThrow(/abort/i);
    expect(await store.head('stopped/1.pt')).toBeUndefined();
  });

  it('puts as many galaxies into a partition as published ones of its size have', async () => {
    const written = await writeSurvey(store, 'small', { count: 1300, seed: 1, partitionBytes: 25 * MEGABYTE });

    expect(written.map(({ galaxies }) => galaxies)).toEqual([1278, 22]);
  });
});
