import { torchFile, type MadeTensor } from '../../../test/torch-files.ts';
import {
  bufferSource,
  openPartition,
  partitionStream,
  readAhead,
  splitPartition,
  UnsupportedTorchFileError,
  type ByteSource,
  type Partition,
} from '../src/index.ts';
import { all, collect, counted, sha256 } from './golden-files.ts';

/** Images of a single pixel in one band, with two numbers beside them. */
const spec = { image: { bands: ['r'], side: 1 }, features: ['a', 'b'] };
const COUNT = 5;

const ramp = (length: number) => Float32Array.from({ length }, (_, index) => index + 1);
const dense = (...shape: number[]): MadeTensor => ({ dtype: 'float32', shape });
const IMAGES = dense(COUNT, 1, 1, 1);
const MAGNITUDES = dense(COUNT, 2);
const REDSHIFT = dense(COUNT);

async function open(tensors: readonly MadeTensor[]): Promise<Partition> {
  const bytes = await torchFile(tensors, { 0: ramp(99), 1: ramp(99), 2: ramp(99) });
  return await openPartition(bufferSource('1.pt', bytes), { spec });
}

describe('rows of a tensor', () => {
  it.each<[string, MadeTensor[], number[][]]>([
    [
      'one behind the other',
      [IMAGES, MAGNITUDES, REDSHIFT],
      [
        [2, 3, 4],
        [3, 4, 5, 6, 7, 8],
        [2, 3, 4],
      ],
    ],
    [
      'four times as far apart as they are long',
      [
        { ...IMAGES, strides: [4, 1, 1, 1] },
        { ...MAGNITUDES, strides: [8, 1] },
        { ...REDSHIFT, strides: [4] },
      ],
      [
        [5, 9, 13],
        [9, 10, 17, 18, 25, 26],
        [5, 9, 13],
      ],
    ],
    [
      'that themselves are four times as long as what is in them',
      [IMAGES, { ...MAGNITUDES, strides: [2, 7] }, REDSHIFT],
      [
        [2, 3, 4],
        [3, 10, 5, 12, 7, 14],
        [2, 3, 4],
      ],
    ],
  ])('may lie %s', async (_, tensors, [images, magnitudes, redshift]) => {
    const batch = await (await open(tensors)).read(1, 4);
    expect([...batch.images]).toEqual(images);
    expect([...batch.magnitudes]).toEqual(magnitudes);
    expect([...batch.redshift!]).toEqual(redshift);
  });

  it.each<[string, MadeTensor[], string]>([
    [
      'images further apart',
      [{ ...IMAGES, strides: [5, 1, 1, 1] }, MAGNITUDES, REDSHIFT],
      "the images don't lie sample by sample (shape [5, 1, 1, 1], strides [5, 1, 1, 1])",
    ],
    [
      'magnitudes column by column',
      [IMAGES, { ...MAGNITUDES, strides: [1, 8] }, REDSHIFT],
      "the magnitudes don't lie sample by sample (shape [5, 2], strides [1, 8])",
    ],
    [
      'redshifts further apart',
      [IMAGES, MAGNITUDES, { ...REDSHIFT, strides: [5] }],
      "the redshifts don't lie sample by sample (shape [5], strides [5])",
    ],
  ])('may not have %s', async (_, tensors, words) => {
    const opening = open(tensors);
    await expect(opening).rejects.toBeInstanceOf(UnsupportedTorchFileError);
    await expect(opening).rejects.toThrow(`${words}; call .contiguous() on the tensor before torch.save`);
  });

  it('are read with the gap before the next ones where all are, so that a check sees those bytes too', async () => {
    const apart = [{ ...IMAGES, strides: [2, 1, 1, 1] }, { ...MAGNITUDES, strides: [3, 1] }, REDSHIFT];
    const source = counted(bufferSource('1.pt', await torchFile(apart, { 0: ramp(99), 1: ramp(99), 2: ramp(99) })));
    const partition = await openPartition(source, { spec });
    const imageReads = async (from: number, to: number) => {
      source.reads.length = 0;
      await all(partition.batches({ size: 2, from, to, readAhead: 0 }));
      // The magnitudes and redshifts of all come with the first images.
      return source.reads.toSpliced(1, 2).map(([start, end]) => (end - start) / 4);
    };
    expect((await imageReads(0, COUNT)).slice(0, 3)).toEqual([4, 4, 1]);
    expect(await imageReads(1, COUNT)).toEqual([3, 3]);
  });

  it('lie anyhow where there is one', async () => {
    const partition = await open([
      { ...dense(1, 1, 1, 1), strides: [50, 1, 1, 1] },
      { ...dense(1, 2), strides: [50, 60] },
      { ...dense(1), strides: [50] },
    ]);
    expect(await partition.read(0, 1)).toMatchObject({
      images: Float32Array.of(1),
      magnitudes: Float64Array.of(1, 61),
    });
  });
});

describe('images larger than wanted', () => {
  it('are cut to their middle however they lie in the file', async () => {
    const wide = { image: { bands: ['u', 'g'], side: 2 }, features: ['a'] };
    const [images, rest] = [dense(2, 2, 5, 5), [dense(2, 1), dense(2)]] as const;
    const opened = async (strides: readonly number[]) => {
      const bytes = await torchFile([{ ...images, strides }, ...rest], { 0: ramp(100), 1: ramp(2), 2: ramp(2) });
      return await (await openPartition(bufferSource('1.pt', bytes), { spec: wide })).read(1, 2);
    };
    // Of the second galaxy, rows and columns 1 and 2: the odd pixel is left at the bottom and right.
    const wanted = [0, 1].flatMap((band) => [1, 2].flatMap((row) => [1, 2].map((column) => [1, band, row, column])));
    for (const strides of [
      [50, 25, 5, 1],
      [50, 1, 10, 2],
      [50, 25, 1, 5],
    ]) {
      const expected = wanted.map((place) => 1 + place.reduce((sum, index, axis) => sum + index * strides[axis]!, 0));
      expect([...(await opened(strides)).images]).toEqual(expected);
    }
  });

  it('leave float64 numbers where they were read', async () => {
    const bytes = Uint8Array.from(
      await torchFile([IMAGES, { ...MAGNITUDES, dtype: 'float64' }, { ...REDSHIFT, dtype: 'float64' }], {
        0: ramp(COUNT),
        1: Float64Array.from(ramp(2 * COUNT)),
        2: Float64Array.from(ramp(COUNT)),
      }),
    );
    const { magnitudes, redshift } = await (await openPartition(bufferSource('1.pt', bytes), { spec })).read(1, 3);
    expect([magnitudes.buffer, redshift!.buffer]).toEqual([bytes.buffer, bytes.buffer]);
    expect([magnitudes.buffer === bytes.buffer, redshift!.buffer === bytes.buffer]).toEqual([true, true]);
    expect([[...magnitudes], [...redshift!]]).toEqual([[3, 4, 5, 6], [2, 3]]); // prettier-ignore
  });
});

describe('magnitudes and redshifts', () => {
  /** Four numbers of 8 bytes for each galaxy, of which as many take 1 MiB. */
  const MOST = 32_768;
  const wider = { ...spec, features: ['a', 'b', 'c'] };

  /** What a file of so many galaxies is read by, images apart. */
  async function labelReads(count: number, from: number, size: number): Promise<number[]> {
    const bytes = await torchFile([dense(count, 1, 1, 1), dense(count, 3), dense(count)], {
      0: ramp(count),
      1: ramp(3 * count),
      2: ramp(count),
    });
    const source = counted(bufferSource('1.pt', bytes));
    const partition = await openPartition(source, { spec: wider });
    source.reads.length = 0;
    const batches = await all(partition.batches({ size, from }));
    const redshift = Float64Array.from(batches.flatMap((batch) => [...batch.redshift!]));
    const magnitudes = Float64Array.from(batches.flatMap((batch) => [...batch.magnitudes]));
    expect(sha256(redshift)).toBe(sha256(Float64Array.from(ramp(count).subarray(from))));
    expect(sha256(magnitudes)).toBe(sha256(Float64Array.from(ramp(3 * count).subarray(3 * from))));
    const lengths = source.reads.map(([start, end]) => (end - start) / 4);
    // Three reads for each batch, or one for each and two for all: the first of each batch is its images'.
    return lengths.filter((length) => !batches.some((batch) => batch.count === length)).sort((a, b) => a - b);
  }

  it('are read at once where they are few, else batch by batch', async () => {
    expect(await labelReads(MOST, 0, 20_000)).toEqual([MOST, 3 * MOST]);
    expect(await labelReads(MOST + 1, 1, 20_000)).toEqual([MOST, 3 * MOST]);
    expect(await labelReads(MOST + 1, 0, 20_000)).toEqual([3 * (MOST + 1 - 20_000), 60_000]);
  });

  it('of some galaxies are those of these', async () => {
    const partition = await open([IMAGES, MAGNITUDES, REDSHIFT]);
    const batches = await all(partition.batches({ size: 2, from: 1, to: 4 }));
    expect(batches.map(({ magnitudes, redshift }) => [[...magnitudes], [...redshift!]])).toEqual([
      [
        [3, 4, 5, 6],
        [2, 3],
      ],
      [[7, 8], [4]],
    ]);
  });

  it.each([0, -1, 1.5, NaN])('are no batches of %d', async (size) => {
    const partition = await open([IMAGES, MAGNITUDES, REDSHIFT]);
    expect(() => partition.batches({ size })).toThrow(new RangeError(`a batch of ${size} samples; expected 1 or more`));
  });

  it('are of no range that ends before it begins', async () => {
    const partition = await open([IMAGES, MAGNITUDES, REDSHIFT]);
    await expect(partition.read(3, 2)).rejects.toThrow(new RangeError('samples [3, 2) of 1.pt, which has 5'));
    expect(await partition.read(3, 3)).toMatchObject({ count: 0 });
  });
});

describe('reading ahead', () => {
  it('counts a failure as unhandled neither before its turn nor after', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', note);
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    try {
      const first = Promise.withResolvers<string>();
      const reads = [first.promise, Promise.reject(new Error('the second')), Promise.reject(new Error('the third'))];
      const reading = readAhead([0, 1, 2], 2, undefined, (item) => reads[item]!);
      const next = reading.next();
      await turn();
      first.resolve('the first');
      expect(await next).toEqual({ done: false, value: 'the first' });
      await expect(reading.next()).rejects.toThrow('the second');
      await turn();
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  it('tells the reads under way why they end', async () => {
    const signals: AbortSignal[] = [];
    const reading = readAhead([0, 1], 1, undefined, (item, signal) => {
      signals.push(signal);
      return Promise.resolve(item);
    });
    await reading.next();
    await reading.return();
    expect(signals.map(({ reason }) => reason as unknown)).toEqual(
      Array(2).fill(new Error('the reader of the partition stopped early')),
    );
  });
});

describe('splitting a partition', () => {
  /** Galaxies of 128 x 128 pixels in five bands take 320 KiB each, so that there are 12 in a chunk of 4 MiB. */
  const COUNT = 30;
  const IMAGE = 5 * 128 * 128;
  const batch = {
    from: 0,
    count: COUNT,
    images: Float32Array.from({ length: COUNT * IMAGE }, (_, at) => at % 65_521),
    magnitudes: Float64Array.from({ length: COUNT * 5 }, (_, at) => at),
    redshift: Float64Array.from({ length: COUNT }, (_, at) => at),
  };
  const made = collect(partitionStream({ count: COUNT, imageShape: [5, 128, 128] }, [batch]));

  async function split(source: ByteSource, galaxies: number, signal?: AbortSignal): Promise<Buffer[]> {
    const files: Buffer[] = [];
    const write = async ({ content }: { readonly content: AsyncIterable<Uint8Array> }) =>
      files.push(await collect(content));
    await splitPartition(source, galaxies * (IMAGE * 4 + 28), write, { ...(signal && { signal }) });
    return files;
  }

  it('copies images in chunks of 4 MiB', async () => {
    const source = counted(bufferSource('1.pt', await made));
    const [first, second, ...more] = await split(source, 16);
    expect(more).toEqual([]);
    const images = source.reads.map(([start, end]) => (end - start) / 4 / IMAGE).filter((count) => count >= 1);
    expect(images).toEqual([12, 4, 12, 2]);
    const read = async (bytes: Buffer, count: number) =>
      await (await openPartition(bufferSource('part.pt', bytes))).read(0, count);
    const whole = await (await openPartition(source)).read(0, COUNT);
    for (const [bytes, from, count] of [
      [first!, 0, 16],
      [second!, 16, 14],
    ] as const) {
      // prettier-ignore
      const part = await read(bytes, count);
      expect(sha256(part.images)).toBe(sha256(whole.images.subarray(from * 5120, (from + count) * 5120)));
      expect(part.redshift).toEqual(batch.redshift.slice(from, from + count));
    }
  });

  it('hands its signal to the reads', async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const whole = bufferSource('1.pt', await made);
    const source: ByteSource = {
      ...whole,
      read: (start, end, options) => {
        if (end - start >= IMAGE * 4) signals.push(options?.signal);
        return whole.read(start, end, options);
      },
    };
    const stop = new AbortController();
    await split(source, COUNT, stop.signal);
    expect(signals.length).toBeGreaterThan(0);
    expect(signals.every((signal) => signal !== undefined)).toBe(true);
  });
});
