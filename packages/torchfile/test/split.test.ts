import {
  bufferSource,
  MEGABYTE,
  openPartition,
  partitionStream,
  samplesPerPartition,
  splitPartition,
  type Partition,
} from '../src/index.ts';
import { collect, goldenSource, sha256 } from './golden-files.ts';

describe('samplesPerPartition', () => {
  it.each([
    [25, 1278, 517],
    [50, 2556, 259],
    [75, 3834, 173],
    [100, 5113, 130],
  ])('%d MB has %d samples, and the published set makes %d files', (megabytes, samples, files) => {
    expect(samplesPerPartition(megabytes * MEGABYTE)).toBe(samples);
    expect(Math.ceil(659_857 / samples)).toBe(files);
  });

  it('is one where not even one fits', () => {
    expect(samplesPerPartition(1)).toBe(1);
  });
});

describe('splitPartition', () => {
  async function split(name: string, samples: number): Promise<{ parts: Partition[]; listed: unknown[] }> {
    const parts: Partition[] = [];
    const source = goldenSource(name);
    const { imageShape } = await openPartition(source);
    const target = samples * (imageShape.reduce((product, size) => product * size) * 4 + 28);
    const listed = await splitPartition(source, target, async ({ name: part, size, content }) => {
      const bytes = await collect(content);
      expect(bytes.byteLength).toBe(size);
      parts.push(await openPartition(bufferSource(part, bytes)));
    });
    return { parts, listed };
  }

  it.each(['partition.pt', 'partition-64.pt', 'partition-strided.pt', 'partition-big-endian.pt'])(
    'copies every sample of %s, in order, with its type and size',
    async (name) => {
      const original = await openPartition(goldenSource(name));
      const { parts } = await split(name, 1);
      expect(parts.map((part) => part.name)).toEqual(Array.from({ length: original.count }, (_, k) => `${k + 1}.pt`));
      for (const [index, part] of parts.entries()) {
        const [copied, expected] = [await part.read(0, 1), await original.read(index, index + 1)];
        expect([part.count, part.imageShape, part.dtypes]).toEqual([1, original.imageShape, original.dtypes]);
        expect(sha256(copied.images)).toBe(sha256(expected.images));
        expect(copied.magnitudes).toEqual(expected.magnitudes);
        expect(copied.redshift).toEqual(expected.redshift);
      }
    },
  );

  it('leaves the rest to the last file', async () => {
    const { listed } = await split('partition.pt', 4);
    expect(listed).toMatchObject([
      { name: '1.pt', from: 0, count: 4 },
      { name: '2.pt', from: 4, count: 2 },
    ]);
  });

  it('makes the same bytes as writing the samples does', async () => {
    const original = await openPartition(goldenSource('partition.pt'));
    const shape = { count: 6, redshiftDtype: 'float32' } as const;
    const written = await collect(partitionStream(shape, original.batches({ size: 6 })));
    const files: Buffer[] = [];
    await splitPartition(goldenSource('partition.pt'), MEGABYTE, async (part) =>
      files.push(await collect(part.content)),
    );
    expect(files).toHaveLength(1);
    expect(files[0]!.equals(written)).toBe(true);
  });

  it('stops when told to', async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    const splitting = splitPartition(
      goldenSource('partition.pt'),
      1,
      async (part) => {
        seen.push(part.name);
        stop.abort(new Error('stopped by the user'));
        await collect(part.content);
      },
      { signal: stop.signal },
    );
    await expect(splitting).rejects.toThrow('stopped by the user');
    expect(seen).toEqual(['1.pt']);
  });
});
