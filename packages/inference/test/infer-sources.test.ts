import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ASTROMAE, EnvironmentError } from '@cosmicai/payload';
import { beginFile, bufferSource, type NamedFile } from '@cosmicai/store';
import { encodePredictions, inferSources, type PredictedSamples, type Predictor } from '../src/index.ts';
import { CONTRACT } from './support/scripted-thread.ts';

/** Of a single pixel: what is looked at here is the rows. */
const spec = { ...ASTROMAE, image: { ...ASTROMAE.image, side: 1 } };

/** A file of safetensors whose galaxies are of the redshift of their index, named or not. */
function galaxies(name: string, count: number, nameOf?: (at: number) => bigint) {
  const columns: [name: string, dtype: string, shape: number[], values: NodeJS.TypedArray][] = [
    ['images', 'F32', [count, 5, 1, 1], new Float32Array(5 * count).fill(1)],
    ['magnitudes', 'F64', [count, 5], Float64Array.from({ length: 5 * count }, (_, at) => 16 + (at % 5))],
    ['redshift', 'F64', [count], Float64Array.from({ length: count }, (_, at) => at / 1024)],
    ...(nameOf === undefined
      ? []
      : [['id', 'I64', [count], BigInt64Array.from({ length: count }, (_, at) => nameOf(at))] as never]),
  ];
  let end = 0;
  const tensors = columns.map(([column, dtype, shape, values]) => [
    column,
    { dtype, shape, data_offsets: [end, (end += values.byteLength)] },
  ]);
  const header = Buffer.from(JSON.stringify(Object.fromEntries(tensors)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const data = columns.map(([, , , values]) => Buffer.from(values.buffer));
  return bufferSource(name, Buffer.concat([length, header, ...data]));
}

function modelOf(onPredict: (call: number) => void = () => undefined) {
  let calls = 0;
  const predictor: Predictor = {
    workers: 1,
    contract: { ...CONTRACT, spec },
    closed: false,
    close: () => Promise.resolve(),
    predict({ count }) {
      onPredict(calls++);
      return Promise.resolve(new Float32Array(count).fill(0.25));
    },
  };
  return { sha256: '', predictor, trained: undefined, arithmetic: undefined, warnings: [] };
}

/** A file that keeps what it was given so far. */
function receiver() {
  const parts: Buffer[] = [];
  const file: Pick<NamedFile, 'write'> = {
    async write(content) {
      for await (const part of content as AsyncIterable<Buffer>) parts.push(part);
    },
  };
  return { file, bytes: () => Buffer.concat(parts) };
}

const linesIn = (bytes: Buffer) => bytes.toString().trimEnd().split('\n');
const reading = { batchSize: 500, checkCrc: true };

describe('predictions of files', () => {
  it('take one look into each of several before any is predicted, for names and for what is kept', async () => {
    const opened: string[] = [];
    const counted = (name: string) => {
      const source = galaxies(name, 3, BigInt);
      const read: typeof source.read = (start, end, options) => {
        if (start === 0) opened.push(name);
        return source.read(start, end, options);
      };
      return { ...source, read };
    };
    const before: string[][] = [];
    const model = modelOf(() => before.push([...opened]));
    const out = { file: receiver().file, format: 'csv' as const };
    const files = [counted('1.safetensors'), counted('2.safetensors')];
    await inferSources(files, model, { ...reading, keep: ['redshift'], out, onPredicted: () => undefined });
    expect(before[0]!.filter((name) => name === '2.safetensors')).toEqual(['2.safetensors']);
  });

  it('as CSV are written before anything of the next file is predicted', async () => {
    const { file, bytes } = receiver();
    const seen: number[] = [];
    const model = modelOf(() => seen.push(linesIn(bytes()).length - 1));
    const files = [galaxies('1.safetensors', 500), galaxies('2.safetensors', 500), galaxies('3.safetensors', 500)];
    const out = { file, format: 'csv' as const };
    const { batches } = await inferSources(files, model, { ...reading, out, onPredicted: () => undefined });
    // Before the first line there is no header.
    // Four forward passes a file.
    expect([batches, seen.length, seen[0], seen[4], seen[8]]).toEqual([3, 12, 0, 500, 1000]);
    expect(linesIn(bytes()).slice(-1)).toEqual([`1499,${499 / 1024},0.25,8`]);
  });

  it('as Parquet are written a row group at a time, the bytes of all of them at once', async () => {
    const { file, bytes } = receiver();
    const seen: boolean[] = [];
    const model = modelOf(() => seen.push(bytes().length > 10_000));
    const rows: { partition: string; batches: PredictedSamples[] }[] = [];
    const files = [galaxies('1.safetensors', 1500), galaxies('2.safetensors', 500, (at) => 7n + BigInt(at))];
    await inferSources(files, model, {
      ...reading,
      out: { file, format: 'parquet' },
      onPredicted(samples, _total, source) {
        if (rows.at(-1)?.partition !== source) rows.push({ partition: source, batches: [] });
        rows.at(-1)!.batches.push(samples);
      },
    });
    // The first group has 1,000 rows.
    expect([seen[4], seen[12]]).toEqual([false, true]);
    expect(bytes().equals(encodePredictions(0, rows, spec))).toBe(true);
  });

  it('name all objects where those of a later file have names', async () => {
    const { file, bytes } = receiver();
    const files = [galaxies('1.safetensors', 1), galaxies('2.safetensors', 0), galaxies('3.safetensors', 1, () => 42n)];
    const out = { file, format: 'csv' as const };
    await inferSources(files, modelOf(), { ...reading, out, onPredicted: () => undefined });
    expect(bytes().toString()).toBe('index,z_spec,z_pred,flags,id\n0,0,0.25,8,1.safetensors#0\n1,0,0.25,8,42\n');
  });

  it('have a header where there are none', async () => {
    const { file, bytes } = receiver();
    const out = { file, format: 'csv' as const };
    const options = { ...reading, out, onPredicted: () => undefined };
    await inferSources([galaxies('1.safetensors', 0)], modelOf(), options);
    expect(bytes().toString()).toBe('index,z_spec,z_pred,flags\n');
  });

  describe('in a folder', () => {
    let folder: string;
    beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'cosmicai-out-'))));
    afterEach(() => rm(folder, { recursive: true }));

    it('lie under their name when they are whole, and leave nothing when a later file fails', async () => {
      const files = [galaxies('1.safetensors', 1000), galaxies('2.safetensors', 500)];
      const names: string[][] = [];
      for (const fails of [true, false]) {
        const file = await beginFile(join(folder, 'z.csv'), 'Predictions');
        const model = modelOf((call) => {
          if (fails && call === 2) throw new Error('out of order');
        });
        const out = { file, format: 'csv' as const };
        const done = inferSources(files, model, { ...reading, out, onPredicted: () => undefined });
        await (fails ? expect(done).rejects.toThrow('out of order') : done);
        names.push(await readdir(folder));
      }
      expect(names).toEqual([[], ['z.csv']]);
      expect(linesIn(await readFile(join(folder, 'z.csv')))).toHaveLength(1501);
    });
  });

  it('are lost to a file that fails, and all are predicted', async () => {
    const full = new EnvironmentError('The disk is full.');
    let predicted = 0;
    const file = {
      async write(content: unknown) {
        for await (const _ of content as AsyncIterable<Buffer>) throw full;
      },
    };
    const { lost } = await inferSources([galaxies('1.safetensors', 2000)], modelOf(), {
      ...reading,
      out: { file, format: 'csv' },
      onPredicted: ({ count }) => (predicted += count),
    });
    expect([lost, predicted]).toEqual([full, 2000]);
  });
});
