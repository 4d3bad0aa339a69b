import { create, toBinary } from '@bufbuild/protobuf';
import { AttributeProto_AttributeType, ModelProtoSchema } from 'onnx-buf';
import { inspectModel, ModelFileError } from '../src/index.ts';
import { decodeOnnx } from '../src/onnx/decode.ts';

const node = { name: 'first', opType: 'Identity', input: ['x'], output: ['y'] };
const FLOAT = 1;

function model(graph: object | undefined): Uint8Array {
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, graph === undefined ? {} : { graph }));
}

it.each<[string, object | undefined, RegExp]>([
  ['without a graph', undefined, /^The file holds no graph/],
  ['with an empty graph', {}, /^The file holds no graph/],
  [
    'with an attribute this compiler writes none of',
    { node: [{ ...node, attribute: [{ name: 'body', type: AttributeProto_AttributeType.GRAPH }] }] },
    /^Attribute body is of type /,
  ],
  [
    'with a constant that is cut',
    { node: [node], initializer: [{ name: 'w', dims: [2n], dataType: FLOAT, rawData: new Uint8Array(7) }] },
    /^Constant w of shape \[2\] has 7 raw bytes/,
  ],
  [
    'with an input that is not a tensor',
    { node: [node], input: [{ name: 'x' }] },
    /^Input or output x is not a tensor/,
  ],
])('a model %s is refused', (_what, graph, message) => {
  const decode = () => decodeOnnx(model(graph));
  expect(decode).toThrow(ModelFileError);
  expect(decode).toThrow(message);
});

it('a model of another maker is not described as this compiler’s', () => {
  expect(() => inspectModel(model({ node: [node] }))).toThrow(/metadata lacks its configuration \(it has: nothing\)/);
});
