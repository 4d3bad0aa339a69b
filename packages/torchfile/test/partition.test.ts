import {
  bufferSource,
  openPartition,
  partitionStream,
  UnsupportedTorchFileError,
  type ByteSource,
  type PartitionSamples,
} from '../src/index.ts';
import { all, counted, golden, goldenBytes, goldenSource, sha256 } from './golden-files.ts';

const SAMPLE_BYTES = 5 * 32 * 32 * 4;

describe('openPartition', () => {
  it.each(Object.entries(golden.partitions))('reads %s as numpy does, bit for bit', async (name, expected) => {
    const partition = await openPartition(goldenSource(name));
    const batch = await partition.read(0, partition.count);

    expect(partition.imageShape).toEqual(expected.imageShape);
    expect(Object.values(partition.dtypes)).toEqual(expected.dtypes);
    expect([partition.count, batch.from, batch.count]).toEqual([expected.count, 0, expected.count]);
    expect(batch.images).toBeInstanceOf(Float32Array);
    expect(sha256(batch.images)).toBe(expected.images);
    expect(sha256(batch.magnitudes)).toBe(expected.magnitudes);
    expect(sha256(batch.redshift!)).toBe(expected.redshift);
  });

  it.each(['partition.pt', 'partition-64.pt', 'partition-strided.pt', 'partition-big-endian.pt'])(
    'reads any range of %s as a slice of the whole',
    async (name) => {
      const partition = await openPartition(goldenSource(name));
      const whole = await partition.read(0, partition.count);
      for (let from = 0; from < partition.count; from += 1) {
        for (let to = from; to <= partition.count; to += 1) {
          const part = await partition.read(from, to);
          expect(sha256(part.images)).toBe(sha256(whole.images.subarray(from * 5120, to * 5120)));
          expect(part.magnitudes).toEqual(whole.magnitudes.slice(from * 5, to * 5));
          expect(part.redshift).toEqual(whole.redshift!.slice(from, to));
        }
      }
    },
  );

  it('reads only the bytes of the samples wanted', async () => {
    const source = counted(goldenSource('partition.pt'));
    const partition = await openPartition(source);
    source.reads.length = 0;

    await partition.read(2, 5);

    expect(source.reads.map(([start, end]) => end - start)).toEqual([3 * SAMPLE_BYTES, 3 * 40, 3 * 4]);
  });

  it('hands out float32 images as a view on what was read', async () => {
    const bytes = new Uint8Array(goldenBytes('partition.pt'));
    const partition = await openPartition(bufferSource('partition.pt', bytes));
    const { images } = await partition.read(1, 3);
    expect(images.buffer).toBe(bytes.buffer);
  });

  it('copies where the bytes read lie at an odd address', async () => {
    const bytes = goldenBytes('partition.pt');
    const shifted = new Uint8Array(bytes.byteLength + 1).subarray(1);
    shifted.set(bytes);
    const partition = await openPartition(bufferSource('partition.pt', shifted));
    const batch = await partition.read(0, 6);
    expect(sha256(batch.images)).toBe(golden.partitions['partition.pt']!.images);
  });

  it('reads other bands and another side where they are asked for', async () => {
    const spec = { image: { bands: ['g', 'r', 'i'], side: 8 }, features: ['g', 'r', 'i'] };
    const images = Float32Array.from({ length: 2 * 3 * 12 * 12 }, (_, at) => at);
    const batch = {
      from: 0,
      count: 2,
      images,
      magnitudes: new Float64Array(6).fill(19),
      redshift: new Float64Array(2),
    };
    const file = await joinedBytes(partitionStream({ count: 2, imageShape: [3, 12, 12] }, [batch]));

    const partition = await openPartition(bufferSource('three.pt', file), { spec });
    const read = await partition.read(1, 2);

    expect(read.magnitudes).toEqual(new Float64Array(3).fill(19));
    expect(read.images).toHaveLength(3 * 8 * 8);
    // The second galaxy's first band, two rows and two columns in.
    expect(read.images[0]).toBe(3 * 144 + 2 * 12 + 2);
    const usual = openPartition(bufferSource('three.pt', file));
    await expect(usual).rejects.toThrow('expected TensorDataset(images [n,5,H,W]');
    const wider = openPartition(bufferSource('three.pt', file), {
      spec: { ...spec, image: { ...spec.image, side: 16 } },
    });
    await expect(wider).rejects.toThrow('square images of at least 16 x 16 pixels');
  });

  it('refuses a range that leaves the partition', async () => {
    const partition = await openPartition(goldenSource('partition.pt'));
    await expect(partition.read(0, 7)).rejects.toThrow('samples [0, 7) of partition.pt, which has 6');
    await expect(partition.read(-1, 2)).rejects.toThrow(RangeError);
    await expect(partition.read(0.5, 2)).rejects.toThrow(RangeError);
    expect(() => partition.batches({ size: 0 })).toThrow(RangeError);
    expect(() => partition.batches({ size: 2, to: 9 })).toThrow(RangeError);
  });

  it.each([
    ['partition-deflated.pt', 'the images are compressed in the zip'],
    ['partition-deflated.pt', 'load the file in Python and save it again with torch.save, which does not compress'],
    ['partition-samples-last.pt', "don't lie sample by sample (shape [5, 5, 32, 32], strides [1, 5120, 160, 5])"],
    ['three-bands.pt', 'float32 [2,3,32,32], float32 [2,5], float32 [2]'],
    ['state-dict.pt', 'expected TensorDataset(images [n,5,H,W]'],
    ['module.pt', 'found a __main__.SmallNet'],
    ['legacy.pt', 'found a float32 [3]'],
    ['torchscript.pt', 'TorchScript archive'],
  ])('refuses %s and says why', async (name, reason) => {
    const opened = openPartition(goldenSource(name));
    await expect(opened).rejects.toBeInstanceOf(UnsupportedTorchFileError);
    await expect(opened).rejects.toThrow(reason);
    await expect(opened).rejects.toThrow(name);
  });
});

describe('batches', () => {
  function joined(batches: readonly PartitionSamples[]): Float32Array {
    const images = new Float32Array(batches.reduce((sum, batch) => sum + batch.images.length, 0));
    for (const batch of batches) images.set(batch.images, batch.from * 5120);
    return images;
  }

  it.each([1, 2, 4, 6, 100])('of %d samples join to the whole', async (size) => {
    const partition = await openPartition(goldenSource('partition.pt'));
    const batches = await all(partition.batches({ size, readAhead: size % 3 }));
    const whole = await partition.read(0, 6);
    expect(batches.map(({ count }) => count)).toEqual(
      Array.from({ length: Math.ceil(6 / size) }, (_, index) => Math.min(size, 6 - index * size)),
    );
    expect(sha256(joined(batches))).toBe(sha256(whole.images));
  });

  it('begins and ends where told', async () => {
    const partition = await openPartition(goldenSource('partition.pt'));
    const batches = await all(partition.batches({ size: 2, from: 1, to: 4 }));
    expect(batches.map(({ from, count }) => [from, count])).toEqual([
      [1, 2],
      [3, 1],
    ]);
  });

  it('gives none of an empty partition', async () => {
    const partition = await openPartition(goldenSource('partition-empty.pt'));
    expect(await all(partition.batches({ size: 2 }))).toEqual([]);
  });

  it('keeps no more than readAhead batches under way beyond the one in hand', async () => {
    const source = counted(goldenSource('partition.pt'));
    const partition = await openPartition(source);
    source.reads.length = 0;
    const started: number[] = [];
    for await (const _ of partition.batches({ size: 1, readAhead: 2 })) {
      started.push(source.reads.filter(([start, end]) => end - start === SAMPLE_BYTES).length);
    }
    expect(started).toEqual([3, 4, 5, 6, 6, 6]);
  });

  it('reads the magnitudes and redshifts of all batches at once, and every byte only once', async () => {
    const source = counted(goldenSource('partition.pt'));
    const partition = await openPartition(source);
    source.reads.length = 0;
    await all(partition.batches({ size: 2, from: 1 }));
    const lengths = source.reads.map(([start, end]) => end - start).toSorted((a, b) => a - b);
    expect(lengths).toEqual([5 * 4, 5 * 40, SAMPLE_BYTES, 2 * SAMPLE_BYTES, 2 * SAMPLE_BYTES]);
  });

  it('cancels the reads under way when the loop is left', async () => {
    const signals: AbortSignal[] = [];
    const source = watched(goldenSource('partition.pt'), signals);
    const partition = await openPartition(source);
    signals.length = 0;
    for await (const _ of partition.batches({ size: 1, readAhead: 1 })) break;
    expect(signals.length).toBeGreaterThan(0);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
  });

  it('stops with the reason of the signal', async () => {
    const partition = await openPartition(goldenSource('partition.pt'));
    const stop = new AbortController();
    const batches = partition.batches({ size: 1, signal: stop.signal });
    await batches.next();
    stop.abort(new Error('the user pressed Ctrl-C'));
    await expect(batches.next()).rejects.toThrow('the user pressed Ctrl-C');
  });

  it("throws a source's error where its batch is due, unchanged", async () => {
    const whole = goldenSource('partition.pt');
    let failing = false;
    const partition = await openPartition({
      ...whole,
      read: (start, end) => (failing ? Promise.reject(new Error('connection reset')) : whole.read(start, end)),
    });
    const batches = partition.batches({ size: 1, readAhead: 0 });
    await batches.next();
    failing = true;
    await expect(batches.next()).rejects.toThrow('connection reset');
  });

  it('notices a file that shrank since it was opened', async () => {
    const whole = goldenSource('partition.pt');
    const partition = await openPartition({
      ...whole,
      read: async (start, end) => (await whole.read(start, end)).subarray(0, 30_000),
    }).catch((error: unknown) => error);
    expect(partition).toBeInstanceOf(Error);
    expect((partition as Error).message).toContain('the file changed while it was read');
  });
});

async function joinedBytes(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return Buffer.concat(await all(stream));
}

function watched(source: ByteSource, signals: AbortSignal[]): ByteSource {
  return {
    ...source,
    read(start, end, options) {
      if (options?.signal) signals.push(options.signal);
      return source.read(start, end, options);
    },
  };
}
