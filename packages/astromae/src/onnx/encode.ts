import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import type { Attribute, Graph, Node, Port, Tensor } from '../graph/graph.ts';
import { ELEMENT_CODES } from './element-codes.ts';

/** Opset 23 has Attention; IR version 11 is its contemporary (https://onnx.ai/onnx/repo-docs/Versioning.html). */
const OPSET = 23n;
const IR_VERSION = 11n;
/** The operator set of onnxruntime's fused operators has had one version only. */
const MICROSOFT_OPSET = 1n;

/** Key-value pairs stored in the file's metadata_props. */
export type Metadata = Readonly<Record<string, string>>;

/** Serializes a graph to the bytes of an ONNX file. Constants go in as raw little-endian bytes. */
export function encodeOnnx(graph: Graph, metadata: Metadata): Uint8Array {
  const microsoft = graph.nodes.some((node) => node.domain === 'com.microsoft');
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'cosmicai',
    opsetImport: [
      create(OperatorSetIdProtoSchema, { domain: '', version: OPSET }),
      ...(microsoft ? [create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: MICROSOFT_OPSET })] : []),
    ],
    metadataProps: Object.entries(metadata).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
    graph: create(GraphProtoSchema, {
      name: graph.name,
      node: graph.nodes.map(encodeNode),
      initializer: Array.from(graph.constants, ([name, tensor]) => encodeTensor(name, tensor)),
      input: graph.inputs.map(encodePort),
      output: graph.outputs.map(encodePort),
    }),
  });
  return toBinary(ModelProtoSchema, model);
}

function encodeNode(node: Node): NodeProto {
  return create(NodeProtoSchema, {
    name: node.name,
    opType: node.op,
    domain: node.domain,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: Object.entries(node.attributes).map(([name, value]) => encodeAttribute(name, value)),
  });
}

function encodeAttribute(name: string, attribute: Attribute): AttributeProto {
  if ('int' in attribute) {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeProto_AttributeType.INT,
      i: BigInt(attribute.int),
    });
  }
  if ('float' in attribute) {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: attribute.float });
  }
  if ('ints' in attribute) {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeProto_AttributeType.INTS,
      ints: attribute.ints.map((value) => BigInt(value)),
    });
  }
  return create(AttributeProtoSchema, {
    name,
    type: AttributeProto_AttributeType.STRING,
    s: new TextEncoder().encode(attribute.text),
  });
}

function encodeTensor(name: string, { type, dims, data }: Tensor): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: ELEMENT_CODES[type],
    dims: dims.map((dim) => BigInt(dim)),
    // A view, not a copy: typed arrays are little-endian on every machine Node runs on, and so is raw_data.
    rawData: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
  });
}

function encodePort({ name, type, shape }: Port): ValueInfoProto {
  const dim = shape.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value: typeof size === 'number' ? { case: 'dimValue', value: BigInt(size) } : { case: 'dimParam', value: size },
    }),
  );
  const tensorType = create(TypeProto_TensorSchema, {
    elemType: ELEMENT_CODES[type],
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensorType } }),
  });
}
