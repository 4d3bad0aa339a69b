import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { trainedRangesFile, UserInputError } from '@cosmicai/payload';
import { fileStore, type ObjectStore } from '@cosmicai/store';
import { modelFileNames } from '../src/onnx/model-files.ts';
import { describeUpload, fetchModel, modelFilesAt, openModel, modelInStore, uploadModel } from '../src/index.ts';
import { testModel, weightsIn } from '../../../test/onnx-models.ts';

const RANGES = JSON.stringify({ magnitudes: Array.from({ length: 5 }, () => [10, 30]), redshift: [0, 1] });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cosmicai-model-files-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const float = (value: number) => new Uint8Array(Float32Array.of(value).buffer);

describe('the names of a model’s files', () => {
  it('are those that the graph tells, and that of its trained ranges, wherever it goes', () => {
    expect(modelFileNames('a.onnx', ['a.onnx.data', 'more/w.bin'])).toEqual({
      graph: 'a.onnx',
      weights: ['a.onnx.data', 'more/w.bin'],
      trained: 'a.trained.json',
      spec: 'a.spec.yaml',
    });
    expect(modelFileNames('model.onnx', ['w.bin'])).toMatchObject({
      weights: ['w.bin'],
      trained: 'model.trained.json',
    });
  });

  it.each(['', '.', '..', '../w.bin', 'a/../../w.bin', 'a//w.bin', '/etc/hostname', 'C:w.bin', '..\\w.bin', 'w\0'])(
    'are refused where one leads out of the folder: %j',
    (location) => {
      expect(() => modelFileNames('a.onnx', ['ok.bin', location])).toThrow("which isn't below the model's folder");
    },
  );

  it('are refused where two of them are the same', () => {
    expect(() => modelFileNames('model.onnx', ['model.onnx'], 'a.onnx')).toThrow(
      'The model a.onnx can\'t be used: its weights are in a file named "model.onnx", which is the name of the model itself',
    );
    expect(() => modelFileNames('a.onnx', ['a.trained.json'])).toThrow('the file of its trained ranges');
  });
});

describe('the files of a model on this machine', () => {
  it('are all found, or the one that is missing is named', async () => {
    const path = write('a.onnx', weightsIn('deep/w.bin'));
    await expect(modelFilesAt(path)).rejects.toThrow(
      `The weights of the model ${path} are in deep/w.bin, which should lie beside it and can't be read (ENOENT)`,
    );
    write('deep/w.bin/x', '');
    await expect(modelFilesAt(path)).rejects.toThrow('are in deep/w.bin, which should lie beside it and is a folder');
    rmSync(join(folder, 'deep/w.bin'), { recursive: true });
    write('deep/w.bin', float(2));
    const { graph, weights, trained } = await modelFilesAt(path, 'model.onnx');
    expect(graph).toMatchObject({ path, name: 'model.onnx' });
    expect(weights).toEqual([{ path: join(folder, 'deep/w.bin'), name: 'deep/w.bin', size: 4 }]);
    expect(trained).toBeUndefined();
    const ranges = write('a.trained.json', RANGES);
    const found = await modelFilesAt(path, 'model.onnx');
    expect(found.trained).toEqual({ path: ranges, name: 'model.trained.json', size: RANGES.length });
  });
});

describe('openModel', () => {
  it.each([
    ['climbs', '../w.bin'],
    ['is absolute', '/etc/hostname'],
    ['is not there', 'w.bin'],
  ])('starts no session where the name of a weights file %s', async (_why, location) => {
    const sessions: unknown[] = [];
    const note = (worker: unknown) => sessions.push(worker);
    subscribe('worker_threads', note);
    try {
      const modelPath = write('model/m.onnx', weightsIn(location));
      write('w.bin', float(2));
      await expect(openModel({ modelPath, workers: 1, cacheFolder: folder })).rejects.toThrow(UserInputError);
      expect(sessions).toEqual([]);
      // What the test would see otherwise.
      write('model/m.onnx', testModel());
      const { predictor } = await openModel({ modelPath, workers: 1, cacheFolder: folder });
      expect(sessions).toHaveLength(1);
      await predictor.close();
    } finally {
      unsubscribe('worker_threads', note);
    }
  });
});

describe('uploading a model', () => {
  let store: ObjectStore;
  beforeEach(() => {
    store = fileStore(join(folder, 'bucket'));
  });
  const stored = async (key: string) => Buffer.from(await store.get(key));

  it('sends a graph with its ranges, once, and again when its bytes change but not their number', async () => {
    const path = write('a.onnx', testModel());
    write('a.trained.json', RANGES);
    const [graph, ranges] = ['models/a.onnx', 'models/a.trained.json'];
    expect(await uploadModel(path, store, 'models')).toEqual({
      key: graph,
      sent: [ranges, graph],
      kept: [],
      removed: [],
    });
    expect(await uploadModel(path, store, 'models')).toEqual({
      key: graph,
      sent: [],
      kept: [ranges, graph],
      removed: [],
    });
    const retrained = Uint8Array.from(testModel());
    const producer = Buffer.from(retrained.buffer).indexOf('test');
    retrained[producer] = 'T'.charCodeAt(0);
    expect(retrained).toHaveLength(testModel().length);
    write('a.onnx', retrained);
    const again = await uploadModel(path, store, 'models');
    expect(again).toEqual({ key: graph, sent: [graph], kept: [ranges], removed: [] });
    expect(describeUpload(again)).toBe('Model: models/a.onnx uploaded; models/a.trained.json there already');
    expect((await stored(graph)).equals(Buffer.from(retrained))).toBe(true);
  });

  it('sends weights first, and those of two models that call them alike apart', async () => {
    for (const [name, value] of [
      ['a', 2],
      ['b', 3],
    ] as const) {
      const path = write(`${name}/${name}.onnx`, weightsIn('w.bin'));
      write(`${name}/w.bin`, float(value));
      const { key, sent } = await uploadModel(path, store, 'models');
      expect(key).toBe(`models/${name}/${name}.onnx`);
      expect(sent).toEqual([`models/${name}/w.bin`, key]);
    }
    expect(await stored('models/a/w.bin')).toEqual(Buffer.from(float(2)));
    expect(await stored('models/b/w.bin')).toEqual(Buffer.from(float(3)));
  });

  it('sends nothing when a file of it is missing', async () => {
    const path = write('a.onnx', weightsIn('w.bin'));
    await expect(uploadModel(path, store, 'models')).rejects.toThrow('are in w.bin, which should lie beside it');
    expect(await store.head('models/a/a.onnx')).toBeUndefined();
    await expect(uploadModel(write('text.onnx', 'text'), store, 'models')).rejects.toThrow('is not an ONNX model');
  });

  it('leaves the ranges of the same model, and not those of another that had its name', async () => {
    const path = write('a.onnx', testModel());
    await uploadModel(path, store, 'models');
    await store.put('models/a.trained.json', RANGES);
    expect((await uploadModel(path, store, 'models')).removed).toEqual([]);
    write('a.onnx', testModel({ opset: 18 }));
    const replaced = await uploadModel(path, store, 'models');
    expect(replaced.removed).toEqual(['models/a.trained.json']);
    expect(describeUpload(replaced)).toBe(
      'Model: models/a.onnx uploaded; models/a.trained.json deleted: told of an earlier model of this name',
    );
    expect(await store.head('models/a.trained.json')).toBeUndefined();
  });
});

describe('fetching a model', () => {
  it('brings all that was uploaded', async () => {
    const store = fileStore(join(folder, 'bucket'));
    const path = write('a.onnx', weightsIn('deep/w.bin'));
    write('deep/w.bin', float(2));
    const { key } = await uploadModel(path, store, 'odd//models');
    const fetch = () => fetchModel(modelInStore(store, key), join(folder, 'fetched'));
    const size = weightsIn('deep/w.bin').length + 4;

    const bare = await fetch();

    expect(bare).toEqual({ path: join(folder, 'fetched/a.onnx'), bytes: size, files: 2 });
    expect(readFileSync(bare.path)).toEqual(readFileSync(path));
    expect(readFileSync(join(folder, 'fetched/deep/w.bin'))).toEqual(Buffer.from(float(2)));
    expect((await modelFilesAt(bare.path)).trained).toBeUndefined();
    await store.put(trainedRangesFile(key), RANGES);
    const ranged = await fetch();
    expect(ranged).toMatchObject({ bytes: size + RANGES.length, files: 3 });
    expect(readFileSync(trainedRangesFile(ranged.path), 'utf8')).toBe(RANGES);

    await store.delete(key.replace('a.onnx', 'deep/w.bin'));
    await expect(fetch()).rejects.toThrow("are in deep/w.bin, which should lie beside it and isn't there");
  });

  it('refuses weights that would lie in the place of the graph', async () => {
    const store = fileStore(join(folder, 'bucket'));
    await store.put('models/a.onnx', weightsIn('a.onnx'));
    const fetching = fetchModel(modelInStore(store, 'models/a.onnx'), join(folder, 'fetched'));
    await expect(fetching).rejects.toThrow('in a file named "a.onnx"');
  });
});
