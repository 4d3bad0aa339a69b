import { fromBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  ModelProtoSchema,
  type AttributeProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import {
  elementCount,
  type Attribute,
  type Domain,
  type ElementType,
  type Graph,
  type Node,
  type Port,
  type Tensor,
} from '../graph/graph.ts';
import { ELEMENT_CODES } from './element-codes.ts';
import type { Metadata } from './encode.ts';
import { ModelFileError } from './errors.ts';

export interface DecodedModel {
  readonly graph: Graph;
  readonly metadata: Metadata;
  readonly producer: string;
}

/**
 * Reads back what encodeOnnx wrote.
 *
 * @throws ModelFileError when the bytes are no ONNX model, or one that uses what this compiler never writes
 */
export function decodeOnnx(bytes: Uint8Array): DecodedModel {
  const model = parse(bytes);
  const { graph } = model;
  if (!graph || graph.node.length === 0) throw new ModelFileError('The file holds no graph');
  return {
    producer: model.producerName,
    metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
    graph: {
      name: graph.name,
      inputs: graph.input.map(decodePort),
      outputs: graph.output.map(decodePort),
      nodes: graph.node.map(decodeNode),
      constants: new Map(graph.initializer.map((tensor) => [tensor.name, decodeTensor(tensor)])),
    },
  };
}

function parse(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw new ModelFileError(`The file is not an ONNX model (${String(error)})`, { cause: error });
  }
}

function decodeNode(node: NodeProto): Node {
  return {
    name: node.name,
    op: node.opType,
    domain: node.domain as Domain,
    inputs: node.input,
    outputs: node.output,
    attributes: Object.fromEntries(node.attribute.map((attribute) => [attribute.name, decodeAttribute(attribute)])),
  };
}

function decodeAttribute(attribute: AttributeProto): Attribute {
  switch (attribute.type) {
    case AttributeProto_AttributeType.INT:
      return { int: Number(attribute.i) };
    case AttributeProto_AttributeType.FLOAT:
      return { float: attribute.f };
    case AttributeProto_AttributeType.INTS:
      return { ints: attribute.ints.map(Number) };
    case AttributeProto_AttributeType.STRING:
      return { text: new TextDecoder().decode(attribute.s) };
    default:
      throw new ModelFileError(`Attribute ${attribute.name} is of type ${attribute.type}`);
  }
}

function decodeTensor(tensor: TensorProto): Tensor {
  const type = elementType(tensor.dataType, tensor.name);
  const dims = tensor.dims.map(Number);
  // A copy: the bytes in the file are seldom aligned. Not slice(), which of a Buffer is a view of the whole file.
  const buffer = new Uint8Array(tensor.rawData).buffer;
  const size = type === 'int64' ? 8 : type === 'float32' ? 4 : 2;
  if (buffer.byteLength !== elementCount(dims) * size) {
    throw new ModelFileError(
      `Constant ${tensor.name} of shape [${dims.join(', ')}] has ${buffer.byteLength} raw bytes`,
    );
  }
  switch (type) {
    case 'float32':
      return { type, dims, data: new Float32Array(buffer) };
    case 'float16':
      return { type, dims, data: new Uint16Array(buffer) };
    case 'int64':
      return { type, dims, data: new BigInt64Array(buffer) };
  }
}

function decodePort(port: ValueInfoProto): Port {
  const value = port.type?.value;
  if (value?.case !== 'tensorType') throw new ModelFileError(`Input or output ${port.name} is not a tensor`);
  const shape = (value.value.shape?.dim ?? []).map((dim) =>
    dim.value.case === 'dimValue' ? Number(dim.value.value) : (dim.value.value ?? '?'),
  );
  return { name: port.name, type: elementType(value.value.elemType, port.name), shape };
}

function elementType(code: number, name: string): ElementType {
  const found = Object.entries(ELEMENT_CODES).find(([, known]) => (known as number) === code);
  if (!found) throw new ModelFileError(`${name} has elements of ONNX type ${code}`);
  return found[0] as ElementType;
}
