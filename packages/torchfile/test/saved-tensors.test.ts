import { buffer } from 'node:stream/consumers';
import { torchFile } from '../../../test/torch-files.ts';
import {
  bufferSource,
  openPartition,
  splitPartition,
  stateDictStream,
  UnsupportedTorchFileError,
  type Partition,
  type PartitionOptions,
  type TorchValue,
} from '../src/index.ts';

/** Images of a single pixel in two bands, with three numbers beside them. */
const spec = { image: { bands: ['u', 'g'], side: 1 }, features: ['a', 'b', 'c'] };
const COUNT = 4;
const IDS = BigInt64Array.from({ length: COUNT }, (_, at) => 1237648720693755918n + BigInt(at));

const numbers = (length: number, from: number) => Float32Array.from({ length }, (_, at) => from + at);
const images = { dtype: 'float32', shape: [COUNT, 2, 1, 1], data: numbers(2 * COUNT, 0) } as const;
const magnitudes = { dtype: 'float32', shape: [COUNT, 3], data: numbers(3 * COUNT, 100) } as const;
const redshift = { dtype: 'float32', shape: [COUNT], data: numbers(COUNT, 200) } as const;
const id = { dtype: 'int64', shape: [COUNT], data: IDS } as const;

async function dataset(tensors: readonly (typeof images | typeof magnitudes | typeof redshift | typeof id)[]) {
  const storages = Object.fromEntries(tensors.map(({ data }, index) => [String(index), data]));
  return await torchFile(tensors, storages);
}

const dict = async (value: TorchValue) => await buffer(stateDictStream(value));

async function open(bytes: Uint8Array, columns?: PartitionOptions['columns']): Promise<Partition> {
  return await openPartition(bufferSource('1.pt', bytes), { spec, columns });
}

async function contentOf(partition: Partition) {
  const { images: pixels, magnitudes: mags, redshift: z, id: names } = await partition.read(0, partition.count);
  return { images: [...pixels], magnitudes: [...mags], redshift: z && [...z], ...(names && { id: [...names] }) };
}

const ALL = { images: [...images.data], magnitudes: [...magnitudes.data], redshift: [...redshift.data], id: [...IDS] };
const { id: _, ...UNNAMED } = ALL;
const UNLABELLED = { ...UNNAMED, redshift: null };

describe('what a partition has', () => {
  it.each<[string, Promise<Uint8Array>, PartitionOptions['columns'], object]>([
    ['no redshift', dataset([images, magnitudes]), undefined, UNLABELLED],
    [
      'ids by their place',
      dataset([images, magnitudes, redshift, id]),
      ['images', 'magnitudes', 'redshift', 'id'],
      ALL,
    ],
    ['any order', dataset([id, redshift, magnitudes, images]), ['id', 'redshift', 'magnitudes', 'images'], ALL],
    [
      'a tensor that is not read',
      dataset([images, magnitudes, redshift, id]),
      ['images', 'magnitudes', '-', '-'],
      UNLABELLED,
    ],
    [
      'names of its own',
      dict({ IDs: id, z_spec: redshift, mags: magnitudes, image: images, epoch: 3 }),
      undefined,
      ALL,
    ],
    ['such names without redshift', dict({ images, magnitudes }), undefined, UNLABELLED],
    [
      'names of objects as text',
      dict({ images, magnitudes, redshift, objid: ['a', 'b', 'c', 'd,"é'] }),
      undefined,
      { ...UNNAMED, id: ['a', 'b', 'c', 'd,"é'] },
    ],
    [
      'names of objects as numbers',
      dict({ images, magnitudes, redshift, id: [7, -3, 0, 2] }),
      undefined,
      { ...UNNAMED, id: [7n, -3n, 0n, 2n] },
    ],
    [
      'ids of fewer bits',
      dict({
        images,
        magnitudes,
        redshift,
        id: { dtype: 'int16', shape: [COUNT, 1], data: Int16Array.of(-1, 2, 3, 4) },
      }),
      undefined,
      { ...UNNAMED, id: [-1n, 2n, 3n, 4n] },
    ],
  ])('may be %s', async (_name, bytes, columns, expected) => {
    const partition = await open(await bytes, columns);
    expect(await contentOf(partition)).toEqual(expected);
    // Batch by batch the same.
    const batches = [];
    for await (const batch of partition.batches({ size: 3 })) batches.push(batch);
    expect(batches.flatMap((batch) => (batch.id ? [...batch.id] : []))).toEqual('id' in expected ? expected.id : []);
    expect(batches.flatMap((batch) => [...(batch.redshift ?? [])])).toEqual(
      'redshift' in expected ? (expected.redshift ?? []) : [],
    );
  });

  it.each<[string, Promise<Uint8Array>, PartitionOptions['columns'], string]>([
    [
      'a fourth tensor without a name',
      dataset([images, magnitudes, redshift, id]),
      undefined,
      '--columns images,magnitudes,redshift,id',
    ],
    [
      'columns for another number of tensors',
      dataset([images, magnitudes]),
      ['images', 'magnitudes', 'redshift'],
      '3 columns are named (images, magnitudes, redshift), and there are 2 tensors',
    ],
    [
      'columns beside names',
      dict({ images, magnitudes }),
      ['images', 'magnitudes'],
      'a dict has names of its own; found images float32 [4,2,1,1], magnitudes float32 [4,3]',
    ],
    [
      'two keys for one thing',
      dict({ images, magnitudes, z: redshift, redshift }),
      undefined,
      "z and redshift can't both be the redshift",
    ],
    ['no images', dict({ stamps: images, magnitudes }), undefined, 'or a dict of them with images (images, image,'],
    [
      'ids that are not whole',
      dict({ images, magnitudes, id: redshift }),
      undefined,
      'expected as id whole numbers [n]',
    ],
    [
      'names of fewer objects',
      dict({ images, magnitudes, id: ['a'] }),
      undefined,
      'for the 4 images; found images float32 [4,2,1,1], magnitudes float32 [4,3], id a list of 1 texts',
    ],
    ['no tensors', dict({ epoch: 3 }), undefined, 'expected TensorDataset(images [n,2,H,W]'],
  ])('is refused with %s', async (_name, bytes, columns, message) => {
    const opening = open(await bytes, columns);
    await expect(opening).rejects.toBeInstanceOf(UnsupportedTorchFileError);
    await expect(opening).rejects.toThrow(message);
  });
});

describe('splitting', () => {
  const one = 1;

  async function parts(bytes: Uint8Array): Promise<Buffer[]> {
    const written: Buffer[] = [];
    await splitPartition(
      bufferSource('all.pt', bytes),
      one,
      async ({ content }) => void written.push(await buffer(content)),
    );
    return written;
  }

  it.each<[string, Promise<Uint8Array>, PartitionOptions['columns'], object]>([
    ['no redshifts', dataset([images, magnitudes]), undefined, UNLABELLED],
    ['ids', dataset([id, images, magnitudes, redshift]), ['id', 'images', 'magnitudes', 'redshift'], ALL],
    [
      'names',
      dict({ objid: ['a', 'b', 'c', 'd'], images, magnitudes }),
      undefined,
      { ...UNLABELLED, id: ['a', 'b', 'c', 'd'] },
    ],
    [
      'large numbers',
      dict({ ids: [2 ** 40, 1, 2, 3], images, magnitudes }),
      undefined,
      { ...UNLABELLED, id: [2n ** 40n, 1n, 2n, 3n] },
    ],
  ])('keeps %s, in files that are read in the same way', async (_name, bytes, columns, expected) => {
    const read = await Promise.all(
      (await parts(await bytes)).map(async (part) => contentOf(await open(part, columns))),
    );
    expect(read).toHaveLength(COUNT);
    const joined = (of: keyof typeof ALL) => read.flatMap((part) => (part[of] as unknown[] | null) ?? []);
    for (const [name, values] of Object.entries(expected))
      expect(joined(name as keyof typeof ALL)).toEqual(values ?? []);
  });

  it('refuses what has no row for each image, before anything is written', async () => {
    const bytes = await dict({ images, magnitudes, weights: { dtype: 'float32', shape: [2], data: numbers(2, 0) } });
    await expect(parts(bytes)).rejects.toThrow(
      "there are 4 images and 2 of something beside them, which can't be split",
    );
  });

  it('refuses what torch has no class for', async () => {
    const unsigned = { dtype: 'uint64', shape: [COUNT], data: BigUint64Array.from(IDS) } as const;
    expect(() => stateDictStream({ id: unsigned })).toThrow('torch has no storage class for uint64');
  });
});
