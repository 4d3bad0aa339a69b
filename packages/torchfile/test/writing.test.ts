import fc from 'fast-check';
import {
  bufferSource,
  openPartition,
  openTorchFile,
  partitionSize,
  partitionStream,
  readStateDict,
  stateDictStream,
  torchFileStream,
  type PartitionBatch,
  type TorchValue,
} from '../src/index.ts';
import { all, collect, golden, goldenSource, sha256 } from './golden-files.ts';

function batch(from: number, count: number, pixels = 5 * 32 * 32): PartitionBatch {
  return {
    from,
    count,
    images: Float32Array.from({ length: count * pixels }, (_, index) => from + index / 7),
    magnitudes: Float64Array.from({ length: count * 5 }, (_, index) => 15 + from + index / 3),
    redshift: Float64Array.from({ length: count }, (_, index) => (from + index) / 11),
  };
}

describe('partitionStream', () => {
  it('writes what openPartition reads, bit for bit, in whatever batches', async () => {
    const original = await openPartition(goldenSource('partition.pt'));
    const expected = golden.partitions['partition.pt']!;
    const files = await Promise.all(
      [1, 4, 6].map((size) => collect(partitionStream({ count: 6 }, original.batches({ size })))),
    );
    expect(files[1]!.equals(files[0]!) && files[2]!.equals(files[0]!)).toBe(true);

    const copy = await openPartition(bufferSource('copy.pt', files[0]!));
    const samples = await copy.read(0, 6);
    expect(copy.dtypes).toEqual({ images: 'float32', magnitudes: 'float64', redshift: 'float64' });
    expect(sha256(samples.images)).toBe(expected.images);
    expect(sha256(samples.magnitudes)).toBe(expected.magnitudes);
    expect(sha256(samples.redshift!)).toBe(expected.redshift);
  });

  it('writes single precision and larger images when asked', async () => {
    const shape = {
      count: 2,
      imageShape: [5, 40, 40],
      magnitudesDtype: 'float32',
      redshiftDtype: 'float32',
    } as const;
    const written = batch(0, 2, 5 * 40 * 40);
    const file = await collect(partitionStream(shape, [written]));
    const partition = await openPartition(bufferSource('p.pt', file));
    const read = await partition.read(0, 2);
    expect(partition.imageShape).toEqual([5, 40, 40]);
    expect(partition.dtypes).toEqual({ images: 'float32', magnitudes: 'float32', redshift: 'float32' });
    expect(read.images[0]).toBe(written.images[4 * 40 + 4]);
    expect(read.magnitudes).toEqual(written.magnitudes.map(Math.fround));
  });

  it('aligns storages to 64 bytes and says its size beforehand', async () => {
    const shape = { count: 3 };
    const file = await collect(partitionStream(shape, [batch(0, 2), batch(2, 1)]));
    const opened = await openTorchFile(bufferSource('p.pt', file));
    const tensors = await openPartition(opened.source);
    expect(tensors.count).toBe(3);
    for (const marker of [0, 1, 2]) {
      const name = Buffer.from(`archive/data/${marker}FB`);
      const header = file.indexOf(name) - 30;
      const start = header + 30 + file.readUInt16LE(header + 26) + file.readUInt16LE(header + 28);
      expect(start % 64).toBe(0);
    }
    expect(partitionSize(shape)).toBe(file.byteLength);
  });

  it('writes an empty partition', async () => {
    const file = await collect(partitionStream({ count: 0 }, []));
    expect((await openPartition(bufferSource('p.pt', file))).count).toBe(0);
  });

  it.each<[string, PartitionBatch[], string]>([
    ['a gap', [batch(0, 1), batch(2, 1)], 'samples [2, 3) where 1 of 3 were due next'],
    ['too many samples', [batch(0, 4)], 'samples [0, 4) where 0 of 3 were due next'],
    ['too few samples', [batch(0, 2)], 'a partition of 3 samples ended after 2'],
    ['images of another size', [batch(0, 3, 100)], 'expected 15360, 15, 3'],
  ])('refuses %s', async (_, batches, problem) => {
    const writing = collect(partitionStream({ count: 3 }, batches));
    await expect(writing).rejects.toThrow(RangeError);
    await expect(writing).rejects.toThrow(problem);
  });
});

describe('torchFileStream', () => {
  it.each([
    [3, 'was announced with 4 bytes, but has only 3'],
    [5, 'was announced with 4 bytes, but has more'],
  ])('refuses a storage of %d bytes announced with 4', async (length, problem) => {
    const storage = { name: '0', size: 4, content: [new Uint8Array(length)] };
    await expect(collect(torchFileStream(new Uint8Array(1), [storage]))).rejects.toThrow(problem);
  });

  it('passes chunks on one by one, holding none', async () => {
    let given = 0;
    function* content(): Generator<Uint8Array> {
      for (; given < 100; given += 1) yield new Uint8Array(1000);
    }
    const stream = torchFileStream(new Uint8Array(1), [{ name: '0', size: 100_000, content: content() }]);
    for await (const chunk of stream) if (chunk.byteLength === 1000) break;
    expect(given).toBe(0);
  });
});

describe('stateDictStream', () => {
  it('writes nested values and tensors', async () => {
    const weight = Float32Array.of(1, 2, 3, 4, 5, 6);
    const root: TorchValue = {
      epoch: 3,
      note: null,
      state_dict: {
        'fc.weight': { dtype: 'float32', shape: [2, 3], data: weight },
        'fc.tied': { dtype: 'float32', shape: [3, 2], data: weight },
        'fc.steps': { dtype: 'int64', shape: [], data: BigInt64Array.of(2n ** 60n) },
        'fc.mask': { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) },
      },
    };
    const file = await openTorchFile(bufferSource('s.pt', await collect(stateDictStream(root))));
    const { path, tensors } = readStateDict(file);
    expect(path).toEqual(['state_dict']);
    expect([...tensors.keys()]).toEqual(['fc.weight', 'fc.tied', 'fc.steps', 'fc.mask']);
    expect(tensors.get('fc.tied')!.storage).toBe(tensors.get('fc.weight')!.storage);
    expect(await file.tensor(tensors.get('fc.tied')!)).toEqual({
      dtype: 'float32',
      shape: [3, 2],
      strides: [2, 1],
      data: weight,
    });
    expect((await file.tensor(tensors.get('fc.steps')!)).data).toEqual(BigInt64Array.of(2n ** 60n));
  });

  it('refuses data that do not fit their shape', () => {
    expect(() => stateDictStream({ a: { dtype: 'float32', shape: [2, 2], data: new Float32Array(3) } })).toThrow(
      'a tensor of shape [2, 2] with 3 elements',
    );
  });

  it('gives back every number and text it was given', async () => {
    const scalar = fc.oneof(
      fc.integer(),
      fc.maxSafeInteger(),
      fc.double(),
      fc.string({ unit: 'grapheme' }),
      fc.boolean(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(scalar, { maxLength: 20 }), async (values) => {
        const file = await openTorchFile(bufferSource('v.pt', await collect(stateDictStream(values))));
        expect(file.root).toEqual({ kind: 'list', items: values });
      }),
      { numRuns: 200, seed: 7 },
    );
  });

  it('gives back every float32 tensor it was given', async () => {
    const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(shapes, fc.integer(), async (shape, seed) => {
        const count = shape.reduce((product, size) => product * size, 1);
        const data = Float32Array.from({ length: count }, (_, index) => Math.sin(seed + index));
        const chunks = stateDictStream({ t: { dtype: 'float32', shape, data } });
        const file = await openTorchFile(bufferSource('t.pt', Buffer.concat(await all(chunks))));
        expect(await file.tensor(readStateDict(file).tensors.get('t')!)).toMatchObject({ shape, data });
      }),
      { numRuns: 100, seed: 7 },
    );
  });
});
