import {
  cast,
  image,
  integers,
  magnitudes,
  node,
  numbers,
  port,
  redshift,
  testModel,
} from '../../../test/onnx-models.ts';
import { BOTH, IMAGE_ONLY, testModels, type Row } from './support/model-table.ts';

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

const outputs: Row[] = [
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
    /output "redshift" is of type int32; answers are floating point numbers/,
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
];

const names: Row[] = [
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
];

const ports: Row[] = [
  [
    'magnitudes only',
    testModel({ image: null }),
    /it has no input "image"; models of features alone, without an image, are not run/,
  ],
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
    /input "image" takes \[n, 32, 32, 5\]; galaxies are fed as \[n, 5, 32, 32\] \(where its bands are last, its spec has to say so: layout: NHWC\)/,
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
];

describe('a model with', () => testModels([...outputs, ...names, ...ports]));
