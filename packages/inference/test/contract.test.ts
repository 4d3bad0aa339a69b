import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserInputError } from '@cosmicai/payload';
import { openModel, type OpenModelOptions, type Samples } from '../src/index.ts';
import {
  cast,
  integers,
  node,
  numbers,
  port,
  SCALE,
  testModel,
  weightsIn,
  type TestConstant,
} from './support/test-models.ts';

const folder = mkdtempSync(join(tmpdir(), 'cosmicai-contract-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PIXELS = 5 * 32 * 32;
/** What the pixels and magnitudes of galaxies are on the average; the fourth is as faint as no survey goes. */
const FLUX = [0.5, 1, 2, 4, 8];
const MAGNITUDE = [16, 17, 18, 40, 20];
const galaxies: Samples = {
  count: FLUX.length,
  images: Float32Array.from({ length: FLUX.length * PIXELS }, (_, at) => FLUX[Math.floor(at / PIXELS)]!),
  magnitudes: Float64Array.from({ length: FLUX.length * 5 }, (_, at) => MAGNITUDE[Math.floor(at / 5)]! + (at % 5) - 2),
};

const BOTH = FLUX.map((flux, index) => SCALE * (flux + MAGNITUDE[index]!));
const IMAGE_ONLY = FLUX.map((flux) => SCALE * flux);

type Row = [
  name: string,
  model: Uint8Array | string,
  expected: readonly number[] | RegExp,
  how?: Partial<OpenModelOptions> & { readonly beside?: readonly (readonly [name: string, values: number[]])[] },
];

const redshift = (...shape: (number | string)[]) => [port('redshift', 'float', ...shape)];
const image = (...shape: (number | string)[]) => port('image', 'float', ...shape);
const magnitudes = (...shape: (number | string)[]) => port('magnitudes', 'float', ...shape);
const frozen = (batch: number) =>
  testModel({ image: image(batch, 5, 32, 32), magnitudes: magnitudes(batch, 5), outputs: redshift(batch, 1) });
/** Answers a shape that follows from what the model is fed with, so that onnxruntime can't tell it beforehand. */
const untold = (from: string, ...shape: number[]) => ({
  answer: [
    node('Concat', ['z', 'z'], 'twice', { axis: 1 }),
    node('ReduceMax', ['z'], 'largest', { keepdims: 0 }),
    node('Mul', ['largest', 'nought'], 'noughts'),
    node('Add', ['noughts', 'length'], 'end_float'),
    cast('int64', 'end_float', 'end'),
    node('Slice', ['shape', 'start', 'end'], 'to'),
    node('Reshape', [from, 'to'], 'redshift'),
  ],
  constants: { nought: numbers(0), length: numbers(shape.length), start: integers(0), shape: integers(...shape) },
});
const reshaped = (...shape: number[]) => ({
  answer: [node('Reshape', ['z', 'to'], 'redshift')],
  constants: { to: integers(...shape) },
});
const OTHER_NAMES = testModel({
  image: port('input', 'float', 'n', 5, 32, 32),
  magnitudes: port('mags', 'float', 'n', 5),
  outputs: [port('output', 'float', 'n', 1)],
  answer: [node('Identity', ['z'], 'output')],
});

/** Multiplies by a weight in both branches of an If. */
const branching = (weight: TestConstant) => {
  const branch = {
    nodes: [node('Mul', ['z', 'weight'], 'doubled')],
    constants: { weight },
    output: port('doubled', 'float', 'n', 1),
  };
  return testModel({
    answer: [
      cast('bool', 'scale', 'always'),
      node('Reshape', ['always', 'none'], 'condition'),
      node('If', ['condition'], 'redshift', { then_branch: branch, else_branch: branch }),
    ],
    constants: { none: { type: 'int64', dims: [0], values: [] } },
  });
};

const table: Row[] = [
  ['one that fits', testModel(), BOTH],
  ['output [n]', testModel({ outputs: redshift('n'), ...reshaped(-1) }), BOTH],
  ['a dynamic second dimension of the output', testModel({ outputs: redshift('n', 'm') }), BOTH],
  ['images only', testModel({ magnitudes: null }), IMAGE_ONLY],
  [
    'images only, under a name of its own',
    testModel({ magnitudes: null, image: port('x', 'float', 'n', 5, 32, 32) }),
    IMAGE_ONLY,
    { names: { image: 'x' } },
  ],
  [
    'sizes that it does not tell',
    testModel({ image: image('n', 'c', 'h', 'w'), magnitudes: magnitudes('n', 'b') }),
    BOTH,
  ],

  [
    'one number for the batch',
    testModel({ outputs: redshift(), answer: [node('ReduceMean', ['z'], 'redshift', { keepdims: 0 })] }),
    /answers 1 value for 8 galaxies/,
  ],
  [
    'one number, said',
    testModel({ outputs: redshift(1, 1), answer: [node('ReduceMean', ['z'], 'redshift', { keepdims: 1 })] }),
    /answers 1 value for 8 galaxies/,
  ],
  [
    'output [n, 2]',
    testModel({ outputs: redshift('n', 2), answer: [node('Concat', ['z', 'z'], 'redshift', { axis: 1 })] }),
    /output "redshift" is \[n, 2\], 2 values a galaxy/,
  ],
  ['output [n, 2] that says it is [n, 1]', testModel(untold('twice', -1, 2)), /answers 16 values for 8 galaxies/],
  [
    'output [n, 1, 1]',
    testModel({ outputs: redshift('n', 1, 1), ...reshaped(-1, 1, 1) }),
    /output "redshift" is \[n, 1, 1\], 3 dimensions/,
  ],
  [
    'output [n, 1, 1] that says it is [n, 1]',
    testModel(untold('z', -1, 1, 1)),
    /answers the shape \[8, 1, 1\] for 8 galaxies; \[8\] or \[8, 1\] was expected/,
  ],
  [
    'output [1, n]',
    testModel({ outputs: redshift(1, 'n'), ...reshaped(1, -1) }),
    /answers the shape \[1, 8\] for 8 galaxies/,
  ],
  [
    'integers of 32 bits',
    testModel({ outputs: [port('redshift', 'int32', 'n', 1)], answer: [cast('int32')] }),
    /output "redshift" is of type int32; a redshift is a floating point number/,
  ],
  [
    'integers of 64 bits',
    testModel({ outputs: [port('redshift', 'int64', 'n', 1)], answer: [cast('int64')] }),
    /output "redshift" is of type int64/,
  ],
  [
    'true and false',
    testModel({ outputs: [port('redshift', 'bool', 'n', 1)], answer: [cast('bool')] }),
    /output "redshift" is of type bool/,
  ],
  [
    'text',
    testModel({ outputs: [port('redshift', 'string', 'n', 1)], answer: [cast('string')] }),
    /output "redshift" is of type string/,
  ],
  [
    'doubles in and out',
    testModel({
      image: port('image', 'double', 'n', 5, 32, 32),
      magnitudes: port('magnitudes', 'double', 'n', 5),
      outputs: [port('redshift', 'double', 'n', 1)],
      answer: [cast('double')],
    }),
    BOTH,
  ],
  [
    'halves in and out',
    testModel({
      image: port('image', 'half', 'n', 5, 32, 32),
      magnitudes: port('magnitudes', 'half', 'n', 5),
      outputs: [port('redshift', 'half', 'n', 1)],
      answer: [cast('half')],
    }),
    BOTH,
  ],
  [
    'an image of integers',
    testModel({ image: port('image', 'int32', 'n', 5, 32, 32) }),
    /input "image" is of type int32; floating point numbers are fed/,
  ],
  [
    'magnitudes of integers',
    testModel({ magnitudes: port('magnitudes', 'int64', 'n', 5) }),
    /input "magnitudes" is of type int64; floating point numbers are fed/,
  ],

  [
    'other names',
    OTHER_NAMES,
    /it has no input "image"[^]*inputs input float32 \[n, 5, 32, 32\], mags float32 \[n, 5\]; output output float32 \[n, 1\][^]*--map image=input --map magnitudes=mags --map redshift=output/,
  ],
  ['other names, mapped', OTHER_NAMES, BOTH, { names: { image: 'input', magnitudes: 'mags', redshift: 'output' } }],
  [
    'other names, mapped in part',
    OTHER_NAMES,
    /nothing is known to feed its input "mags" with/,
    { names: { image: 'input', redshift: 'output' } },
  ],
  [
    'a mapping to what it has not',
    testModel(),
    /it has no input "pixels" to take for image/,
    { names: { image: 'pixels' } },
  ],
  [
    'an output mapped to what it has not',
    testModel(),
    /it has no output "zphot" to take for redshift/,
    { names: { redshift: 'zphot' } },
  ],
  [
    'magnitudes mapped to what it has not',
    testModel({ magnitudes: null }),
    /it has no input "mags" to take for magnitudes/,
    { names: { magnitudes: 'mags' } },
  ],
  [
    'inputs mapped the wrong way round',
    testModel(),
    /input "magnitudes" takes \[n, 5\]; galaxies are fed as \[n, 5, 32, 32\]/,
    { names: { image: 'magnitudes', magnitudes: 'image' } },
  ],
  [
    'one input mapped twice',
    testModel({ magnitudes: null }),
    /"image" can't be both image and magnitudes/,
    { names: { magnitudes: 'image' } },
  ],

  ['magnitudes only', testModel({ image: null }), /it has no input "image"/],
  [
    'three inputs',
    testModel({ otherInputs: [port('seeing', 'float', 'n', 1)] }),
    /nothing is known to feed its input "seeing" with/,
  ],
  ['no inputs', testModel({ image: null, magnitudes: null }), /it has no input "image"[^]*It has: no input/],
  ['no outputs', testModel({ outputs: [], answer: [] }), /no output/],
  [
    'only another output',
    testModel({ outputs: [port('class', 'int64', 'n', 1)], answer: [cast('int64', 'z', 'class')] }),
    /it has no output "redshift"/,
  ],
  [
    'more outputs',
    testModel({
      outputs: [port('sigma', 'int64', 'n', 1), ...redshift('n', 1)],
      answer: [cast('int64', 'z', 'sigma'), node('Identity', ['z'], 'redshift')],
    }),
    BOTH,
  ],
  [
    'pixels before bands',
    testModel({ image: image('n', 32, 32, 5) }),
    /input "image" takes \[n, 32, 32, 5\]; galaxies are fed as \[n, 5, 32, 32\] \(the bands come before the pixels\)/,
  ],
  ['three bands', testModel({ image: image('n', 3, 32, 32) }), /input "image" takes \[n, 3, 32, 32\]/],
  ['64 pixels', testModel({ image: image('n', 5, 64, 64) }), /input "image" takes \[n, 5, 64, 64\]/],
  ['flat images', testModel({ image: image('n', 5120) }), /input "image" takes \[n, 5120\]/],
  [
    'four magnitudes',
    testModel({ magnitudes: magnitudes('n', 4) }),
    /input "magnitudes" takes \[n, 4\]; galaxies are fed as \[n, 5\]/,
  ],
  [
    'sizes that it does not tell and does not take',
    testModel({
      image: image('n', 'c', 'h', 'w'),
      answer: [
        node('Reshape', ['image', 'to'], 'pixels'),
        node('ReduceMean', ['pixels'], 'mean', { axes: [1], keepdims: 1 }),
        node('Add', ['z', 'mean'], 'redshift'),
      ],
      constants: { to: integers(-1, 9216) },
    }),
    /Reshape/,
  ],

  ['frozen at 1', frozen(1), BOTH],
  ['frozen at 64', frozen(64), BOTH],
  ['frozen at 7', frozen(7), BOTH],
  ['frozen at 2, magnitudes only', testModel({ magnitudes: magnitudes(2, 5) }), BOTH],
  [
    'frozen at 2 and at 3',
    testModel({ image: image(2, 5, 32, 32), magnitudes: magnitudes(3, 5) }),
    /onnxruntime can't load it: .*Incompatible dimensions/,
  ],
  [
    'the mean of the batch',
    testModel({
      answer: [node('ReduceMean', ['z'], 'mean', { axes: [0], keepdims: 1 }), node('Sub', ['z', 'mean'], 'redshift')],
    }),
    /redshift of a galaxy depends on the galaxies beside it in the batch: by .* the galaxy alone[^]*--allow-batch-dependence/,
  ],
  [
    'the place in the batch',
    testModel({
      answer: [
        node('Mul', ['z', 'nought'], 'noughts'),
        node('Add', ['noughts', 'scale'], 'ones'),
        node('CumSum', ['ones', 'axis'], 'place'),
        node('Add', ['z', 'place'], 'redshift'),
      ],
      constants: { nought: numbers(0), axis: { type: 'int64', dims: [], values: [0] } },
    }),
    /depends on the galaxies beside it in the batch/,
  ],
  [
    'the place in a frozen batch',
    testModel({
      image: image(8, 5, 32, 32),
      magnitudes: magnitudes(8, 5),
      outputs: redshift(8, 1),
      answer: [node('Add', ['z', 'place'], 'redshift')],
      constants: { place: { type: 'float', dims: [8, 1], values: [0, 1, 2, 3, 4, 5, 6, 7] } },
    }),
    /depends on the galaxies beside it in the batch: by .* in another order/,
  ],
  [
    'the mean of a frozen batch',
    testModel({
      image: image(64, 5, 32, 32),
      magnitudes: magnitudes(64, 5),
      outputs: redshift(64, 1),
      answer: [node('ReduceMean', ['z'], 'mean', { axes: [0], keepdims: 1 }), node('Sub', ['z', 'mean'], 'redshift')],
    }),
    /depends on the galaxies beside it in the batch: by .* among 64 of its like/,
  ],
  [
    'random numbers',
    testModel({ answer: [node('RandomNormalLike', ['z'], 'noise'), node('Add', ['z', 'noise'], 'redshift')] }),
    /answers differently when asked twice for the same galaxies/,
  ],
  [
    'never a number',
    testModel({ answer: [node('Mul', ['z', 'broken'], 'redshift')], constants: { broken: numbers(NaN) } }),
    /answers no finite number for 8 ordinary galaxies \(NaN for the first\)/,
  ],
  [
    'always infinity',
    testModel({ answer: [node('Add', ['z', 'broken'], 'redshift')], constants: { broken: numbers(Infinity) } }),
    /answers no finite number for 8 ordinary galaxies \(Infinity for the first\)/,
  ],
  [
    'no number for one galaxy',
    testModel({
      answer: [
        node('Sub', ['faint', 'z'], 'depth'),
        node('Sqrt', ['depth'], 'root'),
        node('Sub', ['root', 'root'], 'nought'),
        node('Add', ['z', 'nought'], 'redshift'),
      ],
      constants: { faint: numbers(0.35) },
    }),
    BOTH.map((z, index) => (index === 3 ? NaN : z)),
  ],

  ['an empty file', '', /is no ONNX model: it is empty/],
  [
    'a pointer',
    'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n',
    /is no ONNX model: it is a Git LFS pointer/,
  ],
  ['a web page', '<!DOCTYPE html><html></html>', /is no ONNX model: it is a web page/],
  ['JSON', '{"error": "not found"}', /is no ONNX model: it is JSON text/],
  ['text', 'Not found\n', /is no ONNX model: it is text: "Not found/],
  ['a zip file', 'PK\x03\x04torch', /cosmicai model import/],
  [
    'half a file',
    testModel().subarray(0, testModel().length / 2),
    /is no whole ONNX model: its \d+ bytes end within a field/,
  ],
  ['a later opset', testModel({ opset: 999 }), /onnxruntime can't load it: .*opset/i],
  [
    'an operator that nobody knows',
    testModel({ answer: [node('Frobnicate', ['z'], 'redshift')] }),
    /onnxruntime can't load it: .*Frobnicate/,
  ],
  ['weights beside it', weightsIn('w.bin'), BOTH.map((z) => 2 * z), { beside: [['w.bin', [2]]] }],
  ['weights in a folder beside it', weightsIn('data/w.bin'), BOTH.map((z) => 2 * z), { beside: [['data/w.bin', [2]]] }],
  ['branches', branching(numbers(2)), BOTH.map((z) => 2 * z)],
  [
    'weights of a branch beside it',
    branching({ type: 'float', dims: [1], values: { file: 'w.bin' } }),
    /weights of a graph within its graph, as If and Loop have, are in w\.bin\. Save it as one file/,
    { beside: [['w.bin', [2]]] },
  ],
  [
    'weights that are not there',
    weightsIn('w.bin'),
    /weights of the model m\.onnx are in w\.bin, which should lie beside it and isn't there\. Copy both/,
  ],
  ['weights that end early', weightsIn('w.bin'), /onnxruntime can't load it/, { beside: [['w.bin', []]] }],
  [
    'weights above its folder',
    weightsIn('../w.bin'),
    /file named "\.\.\/w\.bin", which isn't below the model's folder/,
    { beside: [['../w.bin', [2]]] },
  ],
  [
    'weights at an absolute path',
    weightsIn('/etc/hostname'),
    /file named "\/etc\/hostname", which isn't below the model's folder/,
  ],
];

describe('a model with', () => {
  it.concurrent.each<Row>(table)('%s', async (name, model, expected, { beside = [], ...options } = {}) => {
    const home = join(folder, name.replaceAll(/\W/g, '_'), 'model');
    mkdirSync(join(home, 'data'), { recursive: true });
    for (const [file, values] of beside)
      writeFileSync(join(home, file), new Uint8Array(Float32Array.from(values).buffer));
    const modelPath = join(home, 'm.onnx');
    writeFileSync(modelPath, model);
    const opening = openModel({ modelPath, label: 'm.onnx', workers: 1, cacheFolder: home, ...options });

    if (expected instanceof RegExp) {
      const error: unknown = await opening.then(
        ({ predictor }) => predictor.close(),
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(UserInputError);
      const { message } = error as Error;
      expect(message).toMatch(expected);
      // Named once, and by that name only.
      expect(message.split('m.onnx')).toHaveLength(2);
      expect(message).not.toMatch(/cosmicai-contract|onnxruntime_src|\n$/);
      return;
    }
    const { predictor } = await opening;
    try {
      // The last of the batches is a short one.
      expectClose(await predictor.predict(galaxies, 3), expected);
    } finally {
      await predictor.close();
    }
  });
});

function expectClose(found: Float32Array, expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  // Halves have eleven bits.
  expected.forEach((z, index) => {
    if (Number.isNaN(z)) expect(found[index]).toBeNaN();
    else expect(Math.abs(found[index]! - z)).toBeLessThan(z * 2 ** -10);
  });
}
