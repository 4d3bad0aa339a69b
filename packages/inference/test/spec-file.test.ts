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
    ['m.yml', YAML],
    ['m.spec.yml', YAML],
    ['m.onnx.spec.yaml', YAML],
    ['m.onnx.spec.yml', YAML],
    [
      'm.onnx.spec.json',
      JSON.stringify({ inputs: { image: SPEC.image, features: ['g'] }, truth: 'z_spec' }, null, '\t'),
    ],
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
      notes: [],
    });
    expect(asked).toEqual([]);
  });

  it('is refused where there are two, by their names', async () => {
    const source = modelOnDisk(write('m.onnx', GRAPH));
    write('m.spec.yaml', YAML);
    write('m.yml', YAML);
    const refused = /m\.onnx has more than one spec beside it: .*m\.spec\.yaml and .*m\.yml\. Keep one of them/;
    await expect(readModel(source)).rejects.toThrow(refused);
    rmSync(join(folder, 'm.spec.yaml'));
    write('m.onnx.spec.json', '{}');
    await expect(readModel(source)).rejects.toThrow(/more than one spec/);
  });

  it.each([
    ['train: { epochs: 3 }'],
    ['inputs:\n  - { name: input0 }'],
    ['inputs: { x: 1 }'],
    ['a: [1\nb'],
    ['inputs: { image: { bands: [g], side: 3 } }\n#'.padEnd(2 ** 20 + 1, '-')],
  ])('isn’t any other file that ends in .yaml, which is said (%#)', async (text) => {
    const source = modelOnDisk(write('m.onnx', GRAPH));
    const path = write('m.yaml', text);
    const { spec, specFile, notes, beside } = await readModel(source);
    expect([spec, specFile]).toEqual([ASTROMAE, undefined]);
    expect(notes).toEqual([
      `${path} is not taken for the model's spec, as it has no inputs.image in it; a spec may be called m.spec.yaml, too, where what is wrong with it is told.`,
    ]);
    // So that it is read again when it becomes one.
    expect(beside.get('m.yaml')).toBeDefined();
    write('m.spec.yaml', YAML);
    expect(await readModel(source)).toMatchObject({ spec: SPEC, notes: [] });
  });

  it('is a warning of the model that is opened, where another file is left alone', async () => {
    const modelPath = write('m.onnx', testModel({ image: image('n', 5, 32, 32), magnitudes: magnitudes('n', 5) }));
    write('m.yaml', 'train: 1');
    const { predictor, warnings } = await openModel({ modelPath, workers: 1, cacheFolder: folder });
    await predictor.close();
    expect(warnings).toEqual([expect.stringContaining('m.yaml is not taken for the model')]);
  });

  it.each([
    [
      'inputs:\n  image: [',
      /m\.spec\.yaml is not valid YAML or JSON: line 2 is not indented as those of its like, or a \[/,
    ],
    ['a: &a 1\nb: *a', /line 2 refers to what stands elsewhere \(\*name\)/],
    ['inputs:\n\timage: 1', /line 2 is indented by a tab/],
    [`${YAML}---\n${YAML}`, /line 6 begins a second document/],
    ['inputs: 1\ninputs: 2', /line 2 has the key inputs again; keep one/],
    ['inputs: a: b', /line 1 has a second "key:"/],
    [
      'inputs:\n  features: [g]',
      /inputs\.image \(line 1\): found nothing; allowed: .* models of features alone, without an image, are not run/,
    ],
    ['inputs', /\(root\): found "inputs"; allowed: a model spec: an object with inputs/],
    ['inputs:\n  x\n  y: 1', /line 2 is no "key: value"/],
    ['inputs: "image', /line 1 lacks the end/],
    ['inputs: @x', /line 1 has a text that begins with @/],
    ['inputs: "\\q"', /line 1 has a backslash/],
    ['inputs: !spec {}', /line 1 has a tag/],
    ['%YAML 3.0\n---\na: 1', /line 1 has a directive/],
    ['inputs: |x\n y', /line 1 can’t be read; write "key: value"/],
    [
      'inputs: {image: {bands: [], side: 3}}',
      /inputs\.image\.bands \(line 1\): found \[\]; allowed: at least one of the bands/,
    ],
    [
      'inputs:\n  image: { bandz: [g],\n    side: 3 }\n  colour: 1\n',
      /inputs\.image\.bands \(line 2\): found nothing.*\n.*inputs\.image\.bandz \(line 2\): found a field of this name; allowed: the fields bands, side, fit, layout, scaling \(did you mean bands\?\)\n.*inputs\.colour \(line 4\): found a field of this name; allowed: the fields image, features$/,
    ],
    [
      `${YAML}outputs:\n  - { name: z, kind: value }\n  - name: t\n    kind: classes\n    lables: [a, b]\n`,
      /outputs\.1\.lables \(line 10\): .*allowed: the fields name, kind, unit, labels, scores \(did you mean labels\?\)/,
    ],
    ['', /the spec .*m\.spec\.yaml has 1 problem:\n {2}\(root\): found null; allowed: a model spec/],
    [Buffer.from([0xff, 0xfe, 0x61, 0]), /is no text in UTF-8/],
    ['#'.repeat(2 ** 20 + 1), /can't be a model spec: it has 1048577 bytes/],
  ])('is refused by its name, the line and what to do (%#)', async (text, message) => {
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
    await store.put('models/m.spec.json', Buffer.from('{}'));
    expect((await uploadModel(path, store, 'models')).removed).toEqual(['models/m.spec.yaml', 'models/m.spec.json']);
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
