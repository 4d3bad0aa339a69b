import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModel, modelOnDisk, readModel } from '@cosmicai/inference';
import { MODEL_SPEC_KEY, modelOutputsSchema, quantizationSchema } from '@cosmicai/payload';
import type { Galaxies } from '@cosmicai/samples';
import { image, node, port, testModel } from '../../../test/onnx-models.ts';
import { answerChanges, answersTooLarge, parseModel, quantizeModel } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'cosmicai-quantize-answers-'));
afterAll(() => rmSync(folder, { recursive: true }));

const outputsOf = (...outputs: object[]) => modelOutputsSchema.parse(outputs);
const CLASSES = { name: 'type', kind: 'classes', labels: ['a', 'b'] };
const VECTOR = { name: 'v', kind: 'vector', length: 2 };
const DENSITY = { name: 'pdf', kind: 'density', grid: [0, 0.5, 1] };
const SIGMA = { name: 'z', kind: 'value+sigma' };
const LIMITS = { maxChange: 1e-3, maxAnswerChange: 0.01 };

describe('what another arithmetic changes in other answers', () => {
  const change = (outputs: object[], before: number[], after: number[]) =>
    answerChanges({
      outputs: outputsOf(...outputs),
      before: Float32Array.from(before),
      after: Float32Array.from(after),
    });

  it('is nothing where a redshift is all', () => {
    expect(change([{ name: 'z', kind: 'value' }], [1, 2], [1, 3])).toEqual([]);
  });

  it.each<[string, object[], number[], number[], object[]]>([
    [
      'probabilities, and classes that are others',
      [CLASSES],
      [0.75, 0.25, 0.5, 0.5],
      [0.75, 0.25, 0.25, 0.75],
      [{ output: 'type', of: 'probabilities', max: 0.25, mean: 0.125, of_another_class: 1 }],
    ],
    [
      'bins of a density and its spread in units of 1+z',
      [DENSITY],
      [1, 0, 0.5, 0.5],
      [1, 0, 1, 0],
      [
        { output: 'pdf', of: 'uncertainty', max: expect.closeTo(0.25 / 1.5, 6), mean: expect.closeTo(0.125 / 1.5, 6) },
        { output: 'pdf', of: 'probabilities', max: 0.5, mean: 0.25 },
      ],
    ],
    [
      'an uncertainty in units of 1+z',
      [SIGMA],
      [1, 0.5, 3, 0.5],
      [1, 0.25, 3, 0.5],
      [{ output: 'z', of: 'uncertainty', max: 0.125, mean: 0.0625 }],
    ],
    [
      'vectors by how far they lie from each other',
      [VECTOR],
      // Each is 5 from the mean.
      [3, 4, -3, -4],
      [3, 4, -3, -3.5],
      [{ output: 'v', of: 'vector', max: 0.1, mean: 0.05 }],
    ],
    [
      'a further value by its spread, whatever becomes of the redshift',
      [
        { name: 'z', kind: 'value' },
        { name: 'mass', kind: 'value' },
      ],
      [0, 9, 0, 11],
      [5, 9, 5, 11.5],
      [{ output: 'mass', of: 'value', max: 0.5, mean: 0.25 }],
    ],
    [
      'an endless one where a number is lost, and none where there was none',
      [VECTOR],
      [1, NaN, 0, 0],
      [1, NaN, 0, NaN],
      [{ output: 'v', of: 'vector', max: Infinity, mean: Infinity }],
    ],
  ])('is told of %s', (_, outputs, before, after, expected) => {
    expect(change(outputs, before, after)).toEqual(expected);
  });

  it('is too large by the limit that it goes by', () => {
    const small = { max: 0.009, mean: 0 };
    const told = (outputs: object[], of: 'uncertainty' | 'probabilities' | 'vector') =>
      answersTooLarge([{ output: (outputs[0] as { name: string }).name, of, ...small }], outputsOf(...outputs), LIMITS);
    expect(told([CLASSES], 'probabilities')).toBeUndefined();
    expect(told([SIGMA], 'uncertainty')).toBe(
      'the uncertainty of z changes by 9.0e-3 (1+z) for a galaxy; allowed: 1.0e-3 (--max-change)',
    );
    const wide = [{ output: 'v', of: 'vector' as const, max: 0.02, mean: 0 }];
    expect(answersTooLarge(wide, outputsOf(VECTOR), LIMITS)).toBe(
      'the vector of v changes by 2.0e-2 of the vectors’ spread for a galaxy; allowed: 1.0e-2 (--max-answer-change)',
    );
  });
});

describe('a model of other galaxies and answers', () => {
  const SPEC = {
    inputs: { image: { bands: ['g', 'r', 'i'], side: 4, scaling: [{ divide: 10 }] } },
    outputs: [CLASSES, { name: 'mass', kind: 'vector', length: 1 }],
  };
  const galaxies = (count: number): Galaxies => ({
    from: 0,
    count,
    images: Float32Array.from({ length: count * 48 }, (_, at) => ((at * 37) % 101) / 10 + Math.floor(at / 48)),
    magnitudes: new Float64Array(0),
    redshift: null,
  });

  it('is done in 8 bits, and its copy says what it takes', async () => {
    const graph = testModel({
      image: image('n', 3, 4, 4),
      magnitudes: null,
      outputs: [port('type', 'float', 'n', 2), port('mass', 'float', 'n', 1)],
      answer: [
        node('MatMul', ['z', 'wide'], 'hidden'),
        node('MatMul', ['hidden', 'narrow'], 'scores'),
        node('Softmax', ['scores'], 'type', { axis: 1 }),
        node('Mul', ['z', 'scale'], 'mass'),
      ],
      constants: {
        wide: { type: 'float', dims: [1, 4096], values: Array.from({ length: 4096 }, (_, at) => (at % 9) / 9) },
        narrow: { type: 'float', dims: [4096, 2], values: Array.from({ length: 8192 }, (_, at) => (at % 7) / 4096) },
      },
    });
    writeFileSync(join(folder, 'm.onnx'), graph);
    writeFileSync(join(folder, 'm.spec.yaml'), JSON.stringify(SPEC));
    const content = () => readModel(modelOnDisk(join(folder, 'm.onnx')));
    const quantized = await quantizeModel(await content(), {
      layers: 'all',
      batches: async function* (size) {
        for (let batch = 0; batch < 4; batch++) yield galaxies(size);
      },
      ...{ calibrateOn: 32, verifyOn: 32, maxNmadChange: 1, workers: 1, ...LIMITS },
    });
    const { bytes, change, quantization, refusal } = quantized;
    expect([change, refusal]).toEqual([null, undefined]);
    expect(quantization.answers!.map(({ output, of }) => [output, of])).toEqual([
      ['type', 'probabilities'],
      ['mass', 'vector'],
    ]);
    expect(quantization).toMatchObject({ max_dz: null, galaxies: 32, scores_before: { count: 0 } });
    const notes = new Map(parseModel(bytes, 'm').proto.metadataProps.map(({ key, value }) => [key, value]));
    expect(quantizationSchema.parse(JSON.parse(notes.get('cosmicai.quantization')!))).toEqual(quantization);
    expect(JSON.parse(notes.get(MODEL_SPEC_KEY)!)).toMatchObject(SPEC);

    writeFileSync(join(folder, 'other-name.onnx'), bytes);
    const copy = await readModel(modelOnDisk(join(folder, 'other-name.onnx')));
    expect(copy.spec).toEqual((await content()).spec);
    const { predictor } = await loadModel(copy, { workers: 1, cacheFolder: folder });
    expect(await predictor.predict(galaxies(3))).toHaveLength(9);
    await predictor.close();
  });
});
