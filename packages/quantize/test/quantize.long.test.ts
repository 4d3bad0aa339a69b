import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileAstroMae, randomWeights } from '@cosmicai/astromae';
import { loadModel, modelOnDisk, readModel, type ModelContent } from '@cosmicai/inference';
import { QUANTIZATION_KEY, quantizationSchema, TRAINED_RANGES_KEY, UserInputError } from '@cosmicai/payload';
import type { Galaxies } from '@cosmicai/samples';
import { sha256Of } from '@cosmicai/store';
import { simulateSurvey } from '@cosmicai/survey';
import { NARROW_CONFIG } from '../../../test/narrow-model.ts';
import { testModel, weightsIn } from '../../../test/onnx-models.ts';
import { parseModel, productsOf, quantizeModel, readLayers, type QuantizeOptions } from '../src/index.ts';
import { layersOf } from '../src/layers.ts';

const folder = mkdtempSync(join(tmpdir(), 'cosmicai-quantize-'));
const path = join(folder, 'm.onnx');
beforeAll(() => {
  writeFileSync(path, compileAstroMae(NARROW_CONFIG, randomWeights(NARROW_CONFIG, 7), { weightsType: 'fp16' }));
  const ranges = { magnitudes: Array.from({ length: 5 }, () => [10, 30]), redshift: [0, 1] };
  writeFileSync(join(folder, 'm.trained.json'), JSON.stringify(ranges));
});
afterAll(() => rmSync(folder, { recursive: true }));

const content = (name = 'm.onnx') => readModel(modelOnDisk(join(folder, name), name));

async function* survey(count: number, batchSize: number): AsyncGenerator<Galaxies> {
  yield* simulateSurvey({ count, seed: 3, batchSize });
}

/** Random weights are no trained ones: what little they change is of the size of what little they say. */
const OPTIONS: QuantizeOptions = {
  batches: (size) => survey(96, size),
  calibrateOn: 32,
  verifyOn: 64,
  maxChange: 0.5,
  maxNmadChange: 1,
  maxAnswerChange: 1,
  workers: 1,
  layers: 'all',
};

async function predict(model: ModelContent, galaxies: Galaxies): Promise<number[]> {
  const { predictor } = await loadModel(model, { workers: 1 });
  const predictions = await predictor.predict(galaxies);
  await predictor.close();
  return [...predictions];
}

describe('a model in 8 bits', () => {
  it('predicts what the model predicts but for little, from fewer bytes, and says how it was made', async () => {
    const { bytes, quantization, refusal } = await quantizeModel(await content(), OPTIONS);
    expect(refusal).toBeUndefined();
    const before = parseModel((await content()).bytes.graph, 'before');
    const after = parseModel(bytes, 'after');
    const operators = after.graph.node.map(({ opType }) => opType);
    const products = productsOf(before.graph);
    expect(operators.filter((op) => op === 'MatMulIntegerToFloat')).toHaveLength(products.length);
    expect(quantization).toMatchObject({ products: products.length, calibrated_on: 32, galaxies: 64 });
    // Query, key and value are of the same numbers, which become integers once.
    const inputs = new Set(products.map(({ input }) => input));
    expect(operators.filter((op) => op === 'QuantizeLinear')).toHaveLength(inputs.size);
    expect(inputs.size).toBeLessThan(products.length);
    // Biases are added with the product.
    const biases = products.filter(({ node, bias }) => bias !== undefined && bias.node !== node).length;
    expect(biases).toBeGreaterThan(0);
    const sums = (ops: string[]) => ops.filter((op) => op === 'Add').length;
    expect(sums(operators)).toBe(sums(before.graph.node.map(({ opType }) => opType)) - biases);
    expect(productsOf(after.graph)).toEqual([]);
    const { size, bytes: source } = await content();
    expect(bytes.length).toBeLessThan(size);

    const metadata = new Map(after.proto.metadataProps.map(({ key, value }) => [key, value]));
    const note: unknown = JSON.parse(metadata.get(QUANTIZATION_KEY)!);
    expect(quantizationSchema.parse(note)).toEqual({ ...quantization, source_sha256: sha256Of(source.graph) });
    expect(JSON.parse(metadata.get(TRAINED_RANGES_KEY)!)).toMatchObject({ redshift: [0, 1] });

    writeFileSync(join(folder, 'int8.onnx'), bytes);
    const others = [...simulateSurvey({ count: 32, seed: 9, batchSize: 32 })][0]!;
    const [was, is] = [await predict(await content(), others), await predict(await content('int8.onnx'), others)];
    const most = Math.max(...was.map((z, at) => Math.abs(z - is[at]!)));
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(0.2);
    // A galaxy's redshift is its own, whatever its batch mates.
    const alone = {
      ...others,
      count: 1,
      images: others.images.slice(0, 5120),
      magnitudes: others.magnitudes.slice(0, 5),
    };
    expect((await predict(await content('int8.onnx'), alone))[0]).toBeCloseTo(is[0]!, 5);
  });

  it('is the same file each time', async () => {
    const [one, other] = [await quantizeModel(await content(), OPTIONS), await quantizeModel(await content(), OPTIONS)];
    expect(Buffer.compare(one.bytes, other.bytes)).toBe(0);
  });

  it('is refused where it changes more than it may, with what it changes', async () => {
    const { refusal, change } = await quantizeModel(await content(), { ...OPTIONS, maxChange: 1e-9 });
    expect(refusal).toMatch(/^a galaxy's redshift changes by .*; allowed: 1\.0e-9 \(--max-change\)$/);
    expect(change!.maxRelativeDz).toBeGreaterThan(1e-9);
  });

  it('is compared on galaxies that it was not calibrated on', async () => {
    const { quantization } = await quantizeModel(await content(), { ...OPTIONS, calibrateOn: 64, verifyOn: 32 });
    expect(quantization).toMatchObject({ calibrated_on: 64, galaxies: 32 });
    const few = { ...OPTIONS, batches: (size: number) => survey(20, size) };
    await expect(quantizeModel(await content(), few)).rejects.toThrow(
      /^20 galaxies are too few to calibrate on some and to measure the change on others; give more partitions\.$/,
    );
  });
});

describe('layers that are measured', () => {
  it('are in integers where that pays, and recorded so that the same choice gives the same file', async () => {
    const measured = await quantizeModel(await content(), { ...OPTIONS, layers: 'measured', maxChange: 1, workers: 1 });
    const { layers = [], products } = measured.quantization;
    const named = layersOf(productsOf(parseModel((await content()).bytes.graph, 'm').graph));
    expect(layers.map((layer) => layer.products.length)).toEqual(named.map((layer) => layer.products.length));
    const chosen = layers.filter(({ integers }) => integers);
    expect(products).toBe(chosen.reduce((sum, layer) => sum + layer.products.length, 0));
    for (const { fp32_us: before, int8_us: after } of chosen) expect(after).toBeLessThanOrEqual(before);
    // An encoder of 16 patches and a class token, and heads of a row each.
    expect(layers[0]).toMatchObject({ rows: 17, depth: 192, columns: 576 });
    expect(layers.at(-1)).toMatchObject({ rows: 1 });

    const again = await quantizeModel(await content(), { ...OPTIONS, maxChange: 1, layers });
    expect(Buffer.compare(again.bytes, measured.bytes)).toBe(0);
    writeFileSync(join(folder, 'measured.onnx'), measured.bytes);
    expect(await readLayers(join(folder, 'measured.onnx'))).toEqual(layers);
  });

  it('are refused where another model has none of them', async () => {
    const layers = [
      { products: ['x.fc1'], rows: 1, depth: 2, columns: 3, fp32_us: 2, int8_us: 1, change: 0, integers: true },
    ];
    await expect(quantizeModel(await content(), { ...OPTIONS, layers })).rejects.toThrow(
      'The choice of layers is not of m.onnx, which has no product x.fc1. Without --layers they are measured anew.',
    );
    await expect(readLayers(path)).rejects.toThrow(
      'm.onnx records no choice of layers: give "measured", "all", a model',
    );
  });

  it('are none where none may change anything, and then nothing is', async () => {
    const { refusal, quantization } = await quantizeModel(await content(), { ...OPTIONS, layers: [] });
    expect(refusal).toBe('no layer of it is faster in integers and changes little enough');
    expect(quantization).toMatchObject({ products: 0, max_dz: 0 });
  });
});

describe('a model that can’t be done in 8 bits', () => {
  it('has no products with constant matrices', async () => {
    writeFileSync(join(folder, 'means.onnx'), testModel());
    const refused = quantizeModel(await content('means.onnx'), OPTIONS);
    await expect(refused).rejects.toThrow(
      'means.onnx has no matrix products (MatMul, Gemm) with constant weights of 4096 numbers or more',
    );
    await expect(refused).rejects.toBeInstanceOf(UserInputError);
  });

  it('has its weights elsewhere', async () => {
    writeFileSync(join(folder, 'beside.onnx'), weightsIn('weights.bin'));
    writeFileSync(join(folder, 'weights.bin'), Buffer.alloc(4));
    await expect(quantizeModel(await content('beside.onnx'), OPTIONS)).rejects.toThrow(
      'The weights of beside.onnx lie in other files. Save it as one file first',
    );
  });

  it('is none', () => {
    expect(() => parseModel(Uint8Array.of(1, 2, 3), 'x.onnx')).toThrow('x.onnx is not an ONNX model.');
  });
});
