import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { openStore } from '@cosmicai/store';
import { modelOnDisk, ModelCache, openModel, readModel, type LoadedModel, type Samples } from '../src/index.ts';
import { loadModel } from '../src/model/open-model.ts';
import { node, numbers, testModel, type TestConstant } from '../../../test/onnx-models.ts';

let folder: string;
let bucket: string;
/** The threads that live. */
const workers = new Set<Worker>();
const started = (message: unknown) => {
  const { worker } = message as { readonly worker: Worker };
  workers.add(worker);
  worker.once('exit', () => workers.delete(worker));
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-model-cache-'));
  bucket = pathToFileURL(folder).href;
  subscribe('worker_threads', started);
});
afterEach(async () => {
  unsubscribe('worker_threads', started);
  await Promise.all([...workers].map((worker) => worker.terminate()));
  workers.clear();
  await rm(folder, { recursive: true });
});

const cacheOf = (memoryMb?: number) =>
  new ModelCache({
    openStore,
    defaultModelPath: join(folder, 'default.onnx'),
    sessions: { workers: 1 },
    cacheFolder: join(folder, 'cache'),
    ...(memoryMb !== undefined && { memoryMb }),
  });

const put = (name: string, content: Uint8Array | string) => openStore(bucket).put(name, content);
const wanted = (MODEL: string) => ({ MODEL, S3_BUCKET: bucket });

/** Answers a hundred times the weight for a galaxy of zeros, whatever file it was in. */
const weighing = (weight: TestConstant) =>
  testModel({
    answer: [node('Mul', ['z', 'nought'], 'noughts'), node('Add', ['noughts', 'weight'], 'redshift')],
    constants: { weight, nought: numbers(0) },
  });
const inFile: TestConstant = { type: 'float', dims: [1], values: { file: 'w.bin' } };
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const galaxy: Samples = { count: 1, images: new Float32Array(5 * 32 * 32), magnitudes: new Float64Array(5) };
const redshiftOf = async ({ predictor }: LoadedModel) => (await predictor.predict(galaxy))[0];

describe('a cache of models', () => {
  it('ends the threads of models that make room, and leaves nothing of them in files', async () => {
    await using models = cacheOf();
    for (let index = 1; index <= 12; index++) {
      const name = `${index}.onnx`;
      await put(name, weighing(numbers(index)));
      using model = await models.load(wanted(name));
      expect(await redshiftOf(model)).toBe(index);
      expect(workers.size).toBe(1);
    }
    // Verdicts of the probe, and nothing else.
    const left = await readdir(join(folder, 'cache'));
    expect(left.filter((name) => !name.endsWith('.probe.json'))).toEqual([]);
    expect(left).toHaveLength(12);
  });

  it('keeps as many as their share of the memory holds, those that were used last', async () => {
    // A quarter of it holds two small models, at 50 MB each.
    await using models = cacheOf(440);
    const load = async (name: string) => {
      using model = await models.load(wanted(name));
      return model.predictor;
    };
    for (const index of [1, 2, 3]) await put(`${index}.onnx`, weighing(numbers(index)));

    const one = await load('1.onnx');
    const two = await load('2.onnx');
    expect(await load('1.onnx')).toBe(one);
    await load('3.onnx');

    expect(workers.size).toBe(2);
    expect(two.closed).toBe(true);
    expect(await load('1.onnx')).toBe(one);
    expect(await load('2.onnx')).not.toBe(two);
  });

  it('closes none that a rank uses', async () => {
    await using models = cacheOf();
    for (const index of [1, 2, 3]) await put(`${index}.onnx`, weighing(numbers(index)));
    const first = await models.load(wanted('1.onnx'));
    const again = await models.load(wanted('1.onnx'));
    using second = await models.load(wanted('2.onnx'));
    first[Symbol.dispose]();
    // Disposed of twice by one rank, it isn't by the other.
    first[Symbol.dispose]();

    using _third = await models.load(wanted('3.onnx'));

    expect([again, second].map(({ predictor }) => predictor.closed)).toEqual([false, false]);
    expect(await redshiftOf(again)).toBe(1);
    again[Symbol.dispose]();
    await put('4.onnx', weighing(numbers(4)));
    using _fourth = await models.load(wanted('4.onnx'));
    expect(again.predictor.closed).toBe(true);
    expect(workers.size).toBe(3);
  });

  it('gives ranks that ask at once the same model', async () => {
    await using models = cacheOf();
    await put('1.onnx', weighing(numbers(1)));
    const [one, other] = await Promise.all([models.load(wanted('1.onnx')), models.load(wanted('1.onnx'))]);
    expect(one.predictor).toBe(other.predictor);
    expect(workers.size).toBe(1);
    one[Symbol.dispose]();
    other[Symbol.dispose]();
  });

  it('tries again what failed', async () => {
    await using models = cacheOf();
    await expect(models.load(wanted('1.onnx'))).rejects.toThrow('There is no model 1.onnx in');
    await put('1.onnx', weighing(inFile));
    await expect(models.load(wanted('1.onnx'))).rejects.toThrow('are in w.bin, which should lie beside it');
    await put('w.bin', '');
    await expect(models.load(wanted('1.onnx'))).rejects.toThrow("onnxruntime can't load it");
    expect(workers.size).toBe(0);
    await put('w.bin', floats(7));
    using model = await models.load(wanted('1.onnx'));
    expect(await redshiftOf(model)).toBe(7);
  });

  it('notices what was changed: the graph, weights beside it, trained ranges that came', async () => {
    await using models = cacheOf();
    const load = async (name: string) => {
      using model = await models.load(wanted(name));
      return { ...model, redshift: await redshiftOf(model) };
    };
    const trained = { magnitudes: Array.from({ length: 5 }, () => [10, 20]), redshift: [0, 1] };
    await put('1.onnx', weighing(numbers(1)));
    expect(await load('1.onnx')).toMatchObject({ redshift: 1, trained: undefined });
    await put('1.trained.json', JSON.stringify(trained));
    expect(await load('1.onnx')).toMatchObject({ redshift: 1, trained });
    await put('1.onnx', weighing(inFile));
    await put('w.bin', floats(2));
    const before = await load('1.onnx');
    await put('w.bin', floats(3));
    const after = await load('1.onnx');
    expect([before.redshift, after.redshift]).toEqual([2, 3]);
    expect(after.sha256).not.toBe(before.sha256);
    expect(workers.size).toBe(1);
  });

  it('notices a change of the model file that is used by default, which is in no store', async () => {
    await using models = cacheOf();
    const load = async () => {
      using model = await models.load({ S3_BUCKET: bucket });
      return await redshiftOf(model);
    };
    await writeFile(join(folder, 'default.onnx'), weighing(numbers(1)));
    expect(await load()).toBe(1);
    expect(await load()).toBe(1);
    await writeFile(join(folder, 'default.onnx'), weighing(numbers(2)));
    expect(await load()).toBe(2);
  });

  it('opens a model anew whose thread died', async () => {
    await using models = cacheOf();
    await put('1.onnx', weighing(numbers(1)));
    {
      using model = await models.load(wanted('1.onnx'));
      await Promise.all([...workers].map((worker) => worker.terminate()));
      await expect(redshiftOf(model)).rejects.toThrow('closed');
    }
    using model = await models.load(wanted('1.onnx'));
    expect(await redshiftOf(model)).toBe(1);
  });
});

describe('the bytes of a model', () => {
  it('run as they were hashed, whatever becomes of the files', async () => {
    const path = join(folder, 'm.onnx');
    await writeFile(path, weighing(inFile));
    await writeFile(join(folder, 'w.bin'), floats(5));
    const content = await readModel(modelOnDisk(path));
    await writeFile(path, 'something else');
    await writeFile(join(folder, 'w.bin'), floats(6));

    const model = await loadModel(content, { workers: 2, cacheFolder: join(folder, 'cache') });

    expect(await redshiftOf(model)).toBe(5);
    await model.predictor.close();
    // Its memory was handed over, and is free.
    expect(content.bytes.graph.byteLength).toBe(0);
  });

  it('are never taken from the current folder, where the graph’s own file of weights is not', async () => {
    const elsewhere = process.cwd();
    await writeFile(join(folder, 'w.bin'), floats(5));
    await writeFile(join(folder, 'm.onnx'), weighing(inFile));
    const { bytes, ...content } = await readModel(modelOnDisk(join(folder, 'm.onnx')));
    process.chdir(folder);
    try {
      const loading = loadModel({ ...content, bytes: { ...bytes, external: [] } }, { workers: 1 });
      await expect(loading).rejects.toThrow("onnxruntime can't load it");
    } finally {
      process.chdir(elsewhere);
    }
  });

  it('are told from what is no file', async () => {
    await expect(openModel({ modelPath: folder })).rejects.toThrow(/is a folder: expected a file/);
  });
});
