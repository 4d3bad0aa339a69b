import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore, NotFoundError, type ObjectStore } from '@cosmicai/store';
import { openPartition, storeSource, writePartition } from '../src/index.ts';
import { goldenBytes, goldenSource, sha256 } from './golden-files.ts';

describe('partitions in a store', () => {
  let folder: string;
  let store: ObjectStore;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'torchfile-'));
    store = fileStore(folder);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are read by ranges', async () => {
    await store.put('100MB/1.pt', goldenBytes('partition.pt'));
    const partition = await openPartition(await storeSource(store, '100MB/1.pt'));
    const expected = await (await openPartition(goldenSource('partition.pt'))).read(1, 4);
    expect(partition.name).toBe(join(folder, '100MB', '1.pt'));
    expect(sha256((await partition.read(1, 4)).images)).toBe(sha256(expected.images));
  });

  it('are written as a stream, and not at all when the samples fail half way', async () => {
    const original = await openPartition(goldenSource('partition.pt'));
    await writePartition(store, '1.pt', { count: 6 }, original.batches({ size: 4 }));
    const copy = await openPartition(await storeSource(store, '1.pt'));
    expect(await copy.read(0, 6)).toEqual(await original.read(0, 6));

    async function* failing() {
      yield await original.read(0, 2);
      throw new Error('simulation failed');
    }
    await expect(writePartition(store, '2.pt', { count: 6 }, failing())).rejects.toThrow('simulation failed');
    expect(await store.head('2.pt')).toBeUndefined();
  });

  it('that are not there are not found', async () => {
    const opening = storeSource(store, '100MB/7.pt');
    await expect(opening).rejects.toBeInstanceOf(NotFoundError);
    await expect(opening).rejects.toThrow('100MB/7.pt');
  });
});
