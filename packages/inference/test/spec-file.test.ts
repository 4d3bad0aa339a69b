import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ASTROMAE, MODEL_SPEC_KEY, UserInputError } from '@cosmicai/payload';
import { fileStore, sha256Of } from '@cosmicai/store';
import { image, magnitudes, testModel } from '../../../test/onnx-models.ts';
import {
  describeOnnx,
  fetchModel,
  modelInStore,
  modelOnDisk,
  openModel,
  readModel,
  readSpec,
  uploadModel,
  withMetadata,
} from '../src/index.ts';

const YAML = `# HSC cutouts
inputs:
  image: { bands: [g, r], side: 3 }
  features: [g]
truth: z_spec
`;
const SPEC = { image: { bands: ['g', 'r'], side: 3 }, features: ['g'], truth: 'z_spec' };
const GRAPH = testModel({ image: image('n', 2, 3, 3), magnitudes: magnitudes('n', 1) });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cosmicai-spec-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('the spec beside a model', () => {
  it.each([
    ['m.spec.yaml', YAML],
    ['m.yaml', YAML],
    ['m.spec.json', JSON.stringify({ inputs: { image: SPEC.image, features: ['g'] }, truth: 'z_spec' })],
  ])('may be %s, and is told', async (name, text) => {
    const modelPath = write('m.onnx', GRAPH);
    const path = write(name, text);
    const model = await openModel({ modelPath, workers: 1, cacheFolder: folder });
    await model.predictor.close();
    expect(model.predictor.contract.spec).toEqual(SPEC);
    expect(model.specFile).toBe(path);
  });

  it('counts only where the model itself says nothing', async () => {
    const own = { inputs: { image: { bands: ['a'], side: 4 } } };
    const modelPath = write('m.onnx', withMetadata(GRAPH, MODEL_SPEC_KEY, JSON.stringify(own)));
    write('m.spec.yaml', YAML);
    const { spec, specFile, beside } = await readModel(modelOnDisk(modelPath));
    expect([spec.image, specFile]).toEqual([own.inputs.image, undefined]);
    expect([...beside.keys()].filter((name) => name.includes('yaml'))).toEqual([]);
  });

  it('is not looked for beside models that this system compiled, whose spec is known', async () => {
    const compiled = withMetadata(GRAPH, 'cosmicai.architecture', 'AstroMAE');
    const asked: string[] = [];
    const source = modelOnDisk(write('m.onnx', compiled));
    const { metadata } = describeOnnx(compiled, 'm.onnx');
    expect(await readSpec({ ...source, find: async (name) => (asked.push(name), undefined) }, metadata)).toEqual({
      spec: ASTROMAE,
      file: undefined,
      beside: [],
    });
    expect(asked).toEqual([]);
  });

  it.each([
    ['inputs: [', /m\.spec\.yaml is not valid YAML or JSON: /],
    ['a: &a [*a, *a]', /is not valid YAML or JSON|the spec .*m\.spec\.yaml/],
    ['inputs: {image: {bands: [], side: 3}}', /at least one of the bands/],
    ['', /the spec .*m\.spec\.yaml/],
  ])('is refused by its name where it says %j', async (text, message) => {
    const source = modelOnDisk(write('m.onnx', GRAPH));
    write('m.spec.yaml', text);
    await expect(readModel(source)).rejects.toBeInstanceOf(UserInputError);
    await expect(readModel(source)).rejects.toThrow(message);
  });

  it('goes with the model into a store and from it, and leaves with it', async () => {
    const path = write('m.onnx', GRAPH);
    write('m.yaml', YAML);
    const store = fileStore(join(folder, 'bucket'));
    expect((await uploadModel(path, store, 'models')).sent).toEqual(['models/m.spec.yaml', 'models/m.onnx']);
    expect((await readModel(modelInStore(store, 'models/m.onnx'))).spec).toEqual(SPEC);
    const fetched = await fetchModel(modelInStore(store, 'models/m.onnx'), join(folder, 'fetched'));
    expect((await readModel(modelOnDisk(fetched.path))).spec).toEqual(SPEC);
    rmSync(join(folder, 'm.yaml'));
    write(
      'm.onnx',
      withMetadata(GRAPH, MODEL_SPEC_KEY, JSON.stringify({ inputs: { image: SPEC.image, features: ['g'] } })),
    );
    expect((await uploadModel(path, store, 'models')).removed).toEqual(['models/m.spec.yaml']);
  });
});

describe('what a model is told by', () => {
  const sha256 = async (path: string) => (await readModel(modelOnDisk(path))).sha256;

  it('is its graph alone where nothing lies beside it, or where it says itself what it takes', async () => {
    const path = write('m.onnx', GRAPH);
    expect(await sha256(path)).toBe(sha256Of(GRAPH));
    const described = withMetadata(GRAPH, MODEL_SPEC_KEY, JSON.stringify({ inputs: { image: SPEC.image } }));
    write('m.onnx', described);
    write('m.spec.yaml', YAML);
    expect(await sha256(path)).toBe(sha256Of(described));
  });

  it('changes with what the spec or the ranges beside it say, and not with how they say it', async () => {
    const path = write('m.onnx', GRAPH);
    write('m.spec.yaml', YAML);
    const first = await sha256(path);
    write(
      'm.spec.yaml',
      `# again\n${JSON.stringify({ truth: 'z_spec', inputs: { features: ['g'], image: SPEC.image } })}`,
    );
    const again = await sha256(path);
    write('m.spec.yaml', YAML.replace('side: 3', 'side: 3, scaling: [{divide: 255}]'));
    const scaled = await sha256(path);
    write('m.trained.json', JSON.stringify({ magnitudes: [[10, 30]], redshift: [0, 1] }));
    const ranged = await sha256(path);
    expect(again).toBe(first);
    expect(new Set([sha256Of(GRAPH), first, scaled, ranged]).size).toBe(4);
  });
});
