import { image, magnitudes, node, numbers, redshift, testModel } from '../../../test/onnx-models.ts';
import { BOTH, testModels, type Row } from './support/model-table.ts';

const frozen = (batch: number) =>
  testModel({ image: image(batch, 5, 32, 32), magnitudes: magnitudes(batch, 5), outputs: redshift(batch, 1) });

const batches: Row[] = [
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
    /answer for a galaxy depends on the galaxies beside it in the batch: by .* the galaxy alone[^]*--allow-batch-dependence/,
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
];

const answers: Row[] = [
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
];

describe('a model with', () => testModels([...batches, ...answers]));
