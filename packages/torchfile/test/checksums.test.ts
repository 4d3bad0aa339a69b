import { setImmediate } from 'node:timers/promises';
import { directoryEntry, torchFile, withSums } from '../../../test/torch-files.ts';
import {
  bufferSource,
  MalformedTorchFileError,
  openPartition,
  openTorchFile,
  readStateDict,
  splitPartition,
  type ByteSource,
  type TorchFileOptions,
} from '../src/index.ts';
import { all, collect, counted, goldenBytes, sha256 } from './golden-files.ts';

/** How many bits are flipped, and which: BIT_FLIPS=20000 BIT_FLIPS_SEED=3 tries more, and others. */
const FLIPS = Number(process.env.BIT_FLIPS ?? 200);
const SEED = Number(process.env.BIT_FLIPS_SEED ?? 1);

const COUNT = 12;
const PIXELS = 5 * 32 * 32;
const IMAGES = { dtype: 'float32', shape: [COUNT, 5, 32, 32] } as const;
const MAGNITUDES = { dtype: 'float32', shape: [COUNT, 5] } as const;
const REDSHIFT = { dtype: 'float32', shape: [COUNT] } as const;

const ramp = (length: number) => Float32Array.from({ length }, (_, index) => Math.sin(index));

/** Layouts in which entries are not simply read from their first byte to their last. */
const LAYOUTS: Readonly<Record<string, () => Promise<Buffer>>> = {
  'one after another': () =>
    torchFile([IMAGES, MAGNITUDES, REDSHIFT], { 0: ramp(COUNT * PIXELS), 1: ramp(60), 2: ramp(12) }),
  'every second image of a larger storage': () =>
    torchFile([{ ...IMAGES, offset: PIXELS, strides: [2 * PIXELS, 1024, 32, 1] }, MAGNITUDES, REDSHIFT], {
      0: ramp((2 * COUNT + 1) * PIXELS),
      1: ramp(60),
      2: ramp(12),
    }),
  'the middle of a larger storage': () =>
    torchFile([{ ...IMAGES, offset: 3 * PIXELS }, MAGNITUDES, { ...REDSHIFT, offset: 5 }], {
      0: ramp((COUNT + 5) * PIXELS),
      1: ramp(99),
      2: ramp(21),
    }),
  'channels last': () =>
    torchFile([{ ...IMAGES, strides: [PIXELS, 1, 160, 5] }, MAGNITUDES, REDSHIFT], {
      0: ramp(COUNT * PIXELS),
      1: ramp(60),
      2: ramp(12),
    }),
  'all three in one storage, with gaps': () =>
    torchFile(
      [
        { ...IMAGES, storage: '0', offset: 100 },
        { ...MAGNITUDES, storage: '0', offset: 30, strides: [5, 1] },
        { ...REDSHIFT, storage: '0', offset: 1, strides: [2] },
      ],
      { 0: ramp(100 + COUNT * PIXELS) },
    ),
  'one image for all': () =>
    torchFile([{ ...IMAGES, strides: [0, 1024, 32, 1] }, MAGNITUDES, REDSHIFT], {
      0: ramp(PIXELS),
      1: ramp(60),
      2: ramp(12),
    }),
  'partition.pt of torch': async () => goldenBytes('partition.pt'),
  'partition-64.pt of torch': async () => goldenBytes('partition-64.pt'),
  'partition-strided.pt of torch': async () => goldenBytes('partition-strided.pt'),
  'partition-big-endian.pt of torch': async () => goldenBytes('partition-big-endian.pt'),
  'partition-protocol5.pt of torch': async () => goldenBytes('partition-protocol5.pt'),
  'partition-torch16.pt of torch': async () => goldenBytes('partition-torch16.pt'),
};

/** Hashes of all that a partition holds. */
async function read(source: ByteSource, size: number, options: TorchFileOptions = {}): Promise<string[]> {
  const partition = await openPartition(source, options);
  const batches = await all(partition.batches({ size, readAhead: 2 }));
  return batches.flatMap(({ images, magnitudes, redshift }) =>
    [images, magnitudes, redshift!].map((data) => sha256(data)),
  );
}

/** Answers reads in another order than they were asked for. */
function outOfOrder(source: ByteSource): ByteSource {
  let asked = 0;
  return {
    ...source,
    async read(...range) {
      asked += 1;
      for (let turn = asked % 3; turn > 0; turn -= 1) await setImmediate();
      return source.read(...range);
    },
  };
}

/** Numbers from 0 to 1, the same each time (mulberry32 by Tommy Ettinger, public domain). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function flipped(bytes: Buffer, at: number, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = copy[at]! ^ (1 << bit);
  return copy;
}

/** Where the data of the entries lie that a partition's reader reads: the pickle, the byte order, the storages. */
function entriesRead(bytes: Buffer): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  for (let at = bytes.indexOf('PK\x01\x02', 0, 'latin1'); at >= 0; at = bytes.indexOf('PK\x01\x02', at + 4, 'latin1')) {
    const name = bytes.toString('latin1', at + 46, at + 46 + bytes.readUInt16LE(at + 28));
    if (!/\/(data\.pkl|byteorder|data\/[^/]+)$/.test(name)) continue;
    const header = bytes.readUInt32LE(at + 42);
    const from = header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
    found.push({ from, to: from + bytes.readUInt32LE(at + 20) });
  }
  return found;
}

describe.each(Object.entries(LAYOUTS))('a partition laid out as: %s', (_, make) => {
  it.each([1, 5, COUNT])(
    'is accepted when it is sound, in batches of %d, also when reads overtake each other',
    async (size) => {
      const bytes = await make();
      const unchecked = await read(bufferSource('1.pt', bytes), size, { checkCrc: false });
      expect(await read(bufferSource('1.pt', bytes), size)).toEqual(unchecked);
      expect(await read(outOfOrder(bufferSource('1.pt', bytes)), size)).toEqual(unchecked);
    },
  );

  it(`is refused after any of ${Math.ceil(FLIPS / Object.keys(LAYOUTS).length)} flipped bits in what is read`, async () => {
    const bytes = await make();
    const random = numbers(SEED);
    const entries = entriesRead(bytes);
    const missed: string[] = [];
    for (let flip = 0; flip < FLIPS / Object.keys(LAYOUTS).length; flip += 1) {
      // Every entry as often as the others: drawn by bytes, nearly all flips would be in the images.
      const { from, to } = entries[Math.floor(random() * entries.length)]!;
      const at = from + Math.floor(random() * (to - from));
      const bit = Math.floor(random() * 8);
      const error = await read(bufferSource('1.pt', flipped(bytes, at, bit)), 5).catch((caught: unknown) => caught);
      if (!(error instanceof MalformedTorchFileError) || !/^1\.pt, byte \d+: .*zip entry \S+\//.test(error.message))
        missed.push(`byte ${at}, bit ${bit}: ${String(error).slice(0, 200)}`);
    }
    expect(missed).toEqual([]);
  });

  it('is refused, or gives the very same samples, after a flipped bit anywhere in the file', async () => {
    const bytes = await make();
    const right = await read(bufferSource('1.pt', bytes), COUNT);
    const random = numbers(SEED + 1);
    for (let flip = 0; flip < FLIPS / 20; flip += 1) {
      const inDirectory = flip % 2 === 0;
      const from = inDirectory ? bytes.indexOf('PK\x01\x02', 0, 'latin1') : 0;
      const changed = flipped(bytes, from + Math.floor(random() * (bytes.byteLength - from)), Math.floor(random() * 8));
      const found = await read(bufferSource('1.pt', changed), COUNT).catch((error: unknown) => error);
      if (found instanceof Error) expect(found.message).toMatch(/^1\.pt/);
      else expect(found).toEqual(right);
    }
  });
});

describe('the check of a partition', () => {
  const sound = LAYOUTS['one after another']!;

  it('reads no byte more than reading alone', async () => {
    const asked = async (options: TorchFileOptions) => {
      const source = counted(bufferSource('1.pt', await sound()));
      await read(source, 5, options);
      return source.reads;
    };
    expect(await asked({})).toEqual(await asked({ checkCrc: false }));
  });

  it('holds the last batch back until the sums fit', async () => {
    const bytes = await sound();
    const { from } = entriesRead(bytes).at(-1)!;
    const partition = await openPartition(bufferSource('1.pt', flipped(bytes, from, 0)));
    const seen: number[] = [];
    const reading = (async () => {
      for await (const batch of partition.batches({ size: 5 })) seen.push(batch.from);
    })();
    await expect(reading).rejects.toThrow(
      /^1\.pt, byte \d+: the bytes of zip entry archive\/data\/2 don't fit.*damaged/,
    );
    expect(seen).toEqual([0, 5]);
  });

  it('is left out where only some samples are asked for', async () => {
    const bytes = await sound();
    const { to } = entriesRead(bytes).at(-1)!;
    const partition = await openPartition(bufferSource('1.pt', flipped(bytes, to - 1, 0)));
    expect(await all(partition.batches({ size: 5, to: 5 }))).toHaveLength(1);
    await partition.read(0, 3);
    expect(await all(partition.batches({ size: 5, from: 5 }))).toHaveLength(2);
  });

  it('ends with the signal of the batches', async () => {
    const signals: (AbortSignal | undefined)[] = [];
    // Ten images in front of those of the partition, which only the check reads.
    const bytes = await torchFile([{ ...IMAGES, offset: 10 * PIXELS }, MAGNITUDES, REDSHIFT], {
      0: ramp((COUNT + 10) * PIXELS),
      1: ramp(60),
      2: ramp(12),
    });
    const whole = bufferSource('1.pt', bytes);
    const partition = await openPartition({
      ...whole,
      read: (start, end, options) => {
        signals.push(options?.signal);
        return whole.read(start, end, options);
      },
    });
    signals.length = 0;
    const { signal } = new AbortController();
    await all(partition.batches({ size: COUNT, signal }));
    expect(signals).toHaveLength(4);
    expect(signals[3]).toBe(signal);
  });

  it('leaves an entry of which the samples are a small part, and says so', async () => {
    const views = [IMAGES, MAGNITUDES, { ...REDSHIFT, offset: 7 }] as const;
    const bytes = await torchFile(views, { 0: ramp(COUNT * PIXELS), 1: ramp(60), 2: ramp(5 * 1024 * 1024) });
    const source = counted(bufferSource('1.pt', bytes));
    const partition = await openPartition(source);
    await all(partition.batches({ size: 5 }));
    expect(partition.unchecked()).toContain('of archive/data/2 most bytes belong to nothing that is read');
    expect(Math.max(...source.reads.map(([start, end]) => end - start))).toBeLessThan(1e6);
  });

  it('is left out, and said to be, for a file whose writer took no sums', async () => {
    const bytes = withSums(await sound(), () => 0);
    const { to } = entriesRead(bytes).at(-1)!;
    const partition = await openPartition(bufferSource('1.pt', flipped(bytes, to - 1, 0)));
    await all(partition.batches({ size: 5 }));
    expect(partition.unchecked()).toContain('written without CRC-32 sums');
  });

  it('takes a sum of 0 for a sum where others are there', async () => {
    const bytes = await sound();
    bytes.writeUInt32LE(0, directoryEntry(bytes, 'archive/data/0') + 16);
    await expect(read(bufferSource('1.pt', bytes), 5)).rejects.toThrow('data/0');
  });

  it('names the cause when all sums are wrong, and reads on without them when told to', async () => {
    const bytes = withSums(await sound(), (sum) => sum ^ 1);
    const reading = read(bufferSource('1.pt', bytes), 5);
    await expect(reading).rejects.toThrow('torch.serialization.set_crc32_options(False)');
    await expect(reading).rejects.toThrow('--no-crc');
    const unchecked = await read(bufferSource('1.pt', bytes), 5, { checkCrc: false });
    expect(unchecked).toEqual(await read(bufferSource('1.pt', await sound()), 5));
  });

  it('names no such cause when one entry is wrong', async () => {
    const bytes = await sound();
    const { from } = entriesRead(bytes)[0]!;
    await expect(openPartition(bufferSource('1.pt', flipped(bytes, from + 40, 2)))).rejects.toThrow('Copy it again');
  });
});

describe('other readers of whole files', () => {
  it('a split ends no last file when what was read is damaged', async () => {
    const bytes = await LAYOUTS['one after another']!();
    const { from } = entriesRead(bytes).at(-3)!;
    const ended: string[] = [];
    const source = bufferSource('full.pt', flipped(bytes, from + 3, 5));
    const splitting = splitPartition(source, 5 * (PIXELS * 4 + 28), async ({ name, content }) => {
      await collect(content);
      ended.push(name);
    });
    await expect(splitting).rejects.toThrow(/^full\.pt, byte \d+: .*zip entry archive\/data\/0/);
    expect(ended).toEqual(['1.pt', '2.pt']);
  });

  it('tensors that are parts of one storage are checked together', async () => {
    const parts = [0, 1, 2].map((part) => ({
      dtype: 'float32' as const,
      shape: [40],
      offset: 40 * part,
      storage: '0',
    }));
    const bytes = await torchFile(parts, { 0: ramp(130) }, 'dict');
    const { to } = entriesRead(bytes).at(-1)!;
    for (const at of [undefined, to - 1, to - 300]) {
      const changed = at === undefined ? bytes : flipped(bytes, at, 1);
      const file = await openTorchFile(bufferSource('weights.pt', changed));
      for (const tensor of readStateDict(file).tensors.values()) await file.tensor(tensor);
      if (at === undefined) await file.finishCheck();
      else await expect(file.finishCheck()).rejects.toThrow('weights.pt');
    }
  });
});
