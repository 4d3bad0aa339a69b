import type { ModelPort } from '../contract/ports.ts';
import { elementTypeName } from './element-types.ts';
import { entryAt, METADATA_PROPS } from './metadata.ts';
import { refuseOtherFiles } from './other-files.ts';
import { ProtobufBytes, ProtobufFile, type Field, type ProtobufReader } from './protobuf.ts';

/** Field numbers of onnx.proto, by message. */
const MODEL = { irVersion: 1, producer: 2, producerVersion: 3, graph: 7, opset: 8, metadata: METADATA_PROPS } as const;
const OPSET = { domain: 1, version: 2 } as const;
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12, sparse: 15 } as const;
const NODE = { op: 4, attribute: 5 } as const;
const ATTRIBUTE = { tensor: 5, graph: 6, tensors: 10, graphs: 11 } as const;
const TENSOR = { name: 8, external: 13 } as const;
const VALUE = { name: 1, type: 2 } as const;
const TYPE = { tensor: 1 } as const;
const TENSOR_TYPE = { element: 1, shape: 2 } as const;
const SHAPE = { dimension: 1 } as const;
const DIMENSION = { size: 1, name: 2 } as const;

/** What an ONNX file says of itself, weights left out. */
export interface OnnxDescription {
  readonly irVersion: number;
  readonly producer: string;
  /** Version by domain; ONNX's own operators are `ai.onnx`. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly inputs: readonly ModelPort[];
  readonly outputs: readonly ModelPort[];
  /** Nodes by operator, those of nested graphs too. */
  readonly operators: Readonly<Record<string, number>>;
  /** Files beside this one that hold weights, as the graph names them, sorted. */
  readonly externalFiles: readonly string[];
  /** Those of them that hold weights of a graph within the graph, as If and Loop have. */
  readonly nestedExternalFiles: readonly string[];
}

/**
 * Reads the description in the bytes of an ONNX file.
 *
 * @param label how messages name it
 * @throws UserInputError when the bytes end too early, or are something else, which is then named
 */
export function describeOnnx(bytes: Uint8Array, label: string): OnnxDescription {
  return describe(new ProtobufBytes(bytes, label));
}

/**
 * Reads the description in an ONNX file, without its weights.
 *
 * @param label how messages name it
 * @throws UserInputError when the file can't be read, ends too early, or is something else, which is then named
 */
export function describeOnnxFile(path: string, label = path): OnnxDescription {
  const file = new ProtobufFile(path, label);
  try {
    return describe(file);
  } finally {
    file.close();
  }
}

interface Found {
  readonly operators: Record<string, number>;
  readonly external: Set<string>;
  readonly nestedExternal: Set<string>;
}

function describe(file: ProtobufReader): OnnxDescription {
  refuseOtherFiles(file, MODEL.graph);
  const found: Found = { operators: {}, external: new Set(), nestedExternal: new Set() };
  const metadata = new Map<string, string>();
  const opsets: Record<string, number> = {};
  const producer = { name: '', version: '' };
  let irVersion = 0;
  let ports: Pick<OnnxDescription, 'inputs' | 'outputs'> = { inputs: [], outputs: [] };
  for (const field of file.fields(0, file.size)) {
    if (field.number === MODEL.irVersion) irVersion = file.integer(field);
    else if (field.number === MODEL.producer) producer.name = file.text(field);
    else if (field.number === MODEL.producerVersion) producer.version = file.text(field);
    else if (field.number === MODEL.graph) ports = graphAt(file, field, found);
    else if (field.number === MODEL.opset) {
      const parts = partsOf(file, field);
      const named = parts.get(OPSET.domain);
      const domain = named === undefined ? '' : file.text(named);
      const version = parts.get(OPSET.version);
      opsets[domain === '' ? 'ai.onnx' : domain] = version === undefined ? 0 : file.integer(version);
    } else if (field.number === MODEL.metadata) {
      const { key, value } = entryAt(file, field);
      metadata.set(key, value);
    }
  }
  return {
    irVersion,
    producer: `${producer.name} ${producer.version}`.trim(),
    opsets,
    metadata,
    ...ports,
    operators: found.operators,
    externalFiles: [...found.external].sort(),
    nestedExternalFiles: [...found.nestedExternal].sort(),
  };
}

function graphAt(file: ProtobufReader, graph: Field, found: Found): Pick<OnnxDescription, 'inputs' | 'outputs'> {
  const inputs: ModelPort[] = [];
  const outputs: ModelPort[] = [];
  const stored = new Set<string>();
  for (const field of file.fields(graph.start, graph.end)) {
    if (field.number === GRAPH.node) nodeAt(file, field, found);
    else if (field.number === GRAPH.initializer) stored.add(tensorAt(file, field, found));
    else if (field.number === GRAPH.sparse)
      for (const part of file.fields(field.start, field.end)) tensorAt(file, part, found);
    else if (field.number === GRAPH.input) inputs.push(portAt(file, field));
    else if (field.number === GRAPH.output) outputs.push(portAt(file, field));
  }
  // Old exporters list weights among the inputs.
  return { inputs: inputs.filter(({ name }) => !stored.has(name)), outputs };
}

function nodeAt(file: ProtobufReader, node: Field, found: Found): void {
  for (const field of file.fields(node.start, node.end)) {
    if (field.number === NODE.op) {
      const op = file.text(field);
      const before = Object.hasOwn(found.operators, op) ? found.operators[op] : undefined;
      found.operators[op] = (before ?? 0) + 1;
    } else if (field.number === NODE.attribute) {
      for (const part of file.fields(field.start, field.end)) {
        if (part.number === ATTRIBUTE.tensor || part.number === ATTRIBUTE.tensors) tensorAt(file, part, found);
        if (part.number === ATTRIBUTE.graph || part.number === ATTRIBUTE.graphs) nestedGraphAt(file, part, found);
      }
    }
  }
}

function nestedGraphAt(file: ProtobufReader, graph: Field, found: Found): void {
  const within: Found = { ...found, external: new Set() };
  graphAt(file, graph, within);
  for (const name of within.external) {
    found.external.add(name);
    found.nestedExternal.add(name);
  }
}

/** Notes where a tensor's data lie outside the file; answers its name. */
function tensorAt(file: ProtobufReader, tensor: Field, { external }: Found): string {
  let name = '';
  for (const field of file.fields(tensor.start, tensor.end)) {
    if (field.number === TENSOR.name) name = file.text(field);
    if (field.number === TENSOR.external) {
      const { key, value } = entryAt(file, field);
      if (key === 'location') external.add(value);
    }
  }
  return name;
}

function portAt(file: ProtobufReader, port: Field): ModelPort {
  const parts = partsOf(file, port);
  const name = parts.get(VALUE.name);
  const type = parts.get(VALUE.type);
  const tensor = type && partsOf(file, type).get(TYPE.tensor);
  const about = tensor && partsOf(file, tensor);
  const element = about?.get(TENSOR_TYPE.element);
  const shape = about?.get(TENSOR_TYPE.shape);
  return {
    name: name === undefined ? '' : file.text(name),
    type: element && elementTypeName(file.integer(element)),
    shape: shape === undefined ? [] : dimensionsAt(file, shape),
  };
}

function dimensionsAt(file: ProtobufReader, shape: Field): (number | string)[] {
  const dimensions: (number | string)[] = [];
  for (const field of file.fields(shape.start, shape.end)) {
    if (field.number !== SHAPE.dimension) continue;
    const parts = partsOf(file, field);
    const size = parts.get(DIMENSION.size);
    const name = parts.get(DIMENSION.name);
    dimensions.push(size === undefined ? (name === undefined ? '' : file.text(name)) : file.integer(size));
  }
  return dimensions;
}

/** The last field of each number: protobuf's own rule for fields that stand once. */
function partsOf(file: ProtobufReader, { start, end }: Field): ReadonlyMap<number, Field> {
  return new Map([...file.fields(start, end)].map((field) => [field.number, field]));
}
