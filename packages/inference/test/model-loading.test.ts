import { cast, node, numbers, port, testModel, weightsIn, type TestConstant } from '../../../test/onnx-models.ts';
import { BOTH, testModels, type Row } from './support/model-table.ts';

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

const others: Row[] = [
  ['an empty file', '', /is not an ONNX model: it is empty/],
  [
    'a pointer',
    'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n',
    /is not an ONNX model: it is a Git LFS pointer/,
  ],
  ['a web page', '<!DOCTYPE html><html></html>', /is not an ONNX model: it is a web page/],
  ['JSON', '{"error": "not found"}', /is not an ONNX model: it is JSON text/],
  ['text', 'Not found\n', /is not an ONNX model: it is text: "Not found/],
  ['a zip file', 'PK\x03\x04torch', /cosmicai model import/],
  [
    'half a file',
    testModel().subarray(0, testModel().length / 2),
    /is not a whole ONNX model: its \d+ bytes end within a field/,
  ],
];

const unknown: Row[] = [
  ['a later opset', testModel({ opset: 999 }), /onnxruntime can't load it: .*opset.*\n.*opset_version=20/i],
  [
    'an operator that nobody knows',
    testModel({ answer: [node('Frobnicate', ['z'], 'redshift')] }),
    /onnxruntime can't load it: .*Frobnicate.*\n.*those of ONNX alone/,
  ],
];

const weights: Row[] = [
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

describe('a model with', () => testModels([...others, ...unknown, ...weights]));
