/// <reference lib="es2025.float16" />
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { UserInputError } from '@cosmicai/payload';
import {
  ModelProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';

// Files may hold other numbers than those of the enumeration.
const FLOAT: number = TensorProto_DataType.FLOAT;
const FLOAT16: number = TensorProto_DataType.FLOAT16;

/** A model as its file has it: whoever wrote it, what isn't changed stays as it was. */
export interface OnnxModel {
  readonly proto: ModelProto;
  readonly graph: GraphProto;
}

/** A constant matrix, row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

/** @throws UserInputError when the bytes are no ONNX model with a graph */
export function parseModel(bytes: Uint8Array, label: string): OnnxModel {
  try {
    const proto = fromBinary(ModelProtoSchema, bytes);
    if (proto.graph !== undefined && proto.graph.node.length > 0) return { proto, graph: proto.graph };
  } catch {
    // Said below.
  }
  throw new UserInputError(`${label} is not an ONNX model.`);
}

export function serialize({ proto }: OnnxModel): Uint8Array {
  return toBinary(ModelProtoSchema, proto);
}

/** Who makes and who reads the values of a graph, by their names. */
export class Values {
  readonly #makers = new Map<string, NodeProto>();
  readonly #readers = new Map<string, NodeProto[]>();
  readonly #constants: ReadonlyMap<string, TensorProto>;
  readonly #outputs: ReadonlySet<string>;

  constructor(graph: GraphProto) {
    this.#constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
    this.#outputs = new Set(graph.output.map(({ name }) => name));
    for (const node of graph.node) {
      for (const output of node.output) this.#makers.set(output, node);
      for (const input of new Set(node.input)) {
        const readers = this.#readers.get(input);
        if (readers === undefined) this.#readers.set(input, [node]);
        else readers.push(node);
      }
    }
  }

  isConstant(value: string): boolean {
    return this.#tensor(value) !== undefined;
  }

  /** The one node that reads a value; undefined when there are more, or when it leaves the graph. */
  soleReader(value: string): NodeProto | undefined {
    const readers = this.#readers.get(value) ?? [];
    return readers.length === 1 && !this.#outputs.has(value) ? readers[0] : undefined;
  }

  /** A constant of floats with two axes, of half precision too. */
  matrix(value: string | undefined): Matrix | undefined {
    const tensor = value === undefined ? undefined : this.#tensor(value);
    const [rows, columns] = tensor?.dims.map(Number) ?? [];
    if (tensor?.dims.length !== 2 || rows === undefined || columns === undefined) return undefined;
    const data = floatsOf(tensor);
    return data?.length === rows * columns ? { rows, columns, data } : undefined;
  }

  /** A constant of so many floats along its last axis, and of nothing else. */
  vector(value: string | undefined, length: number): Float32Array | undefined {
    const tensor = value === undefined ? undefined : this.#tensor(value);
    const data = tensor === undefined ? undefined : floatsOf(tensor);
    return data?.length === length && Number(tensor?.dims.at(-1)) === length ? data : undefined;
  }

  /** A constant, also one that is stored in half precision and widened when the model is loaded. */
  #tensor(value: string): TensorProto | undefined {
    const known = this.#constants.get(value);
    if (known !== undefined) return known;
    const maker = this.#makers.get(value);
    const [stored] = maker?.input ?? [];
    return maker?.opType === 'Cast' && stored !== undefined ? this.#constants.get(stored) : undefined;
  }
}

function floatsOf(tensor: TensorProto): Float32Array | undefined {
  if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL) return undefined;
  // A copy: the bytes in the file are seldom aligned.
  const raw = () => new Uint8Array(tensor.rawData).buffer;
  if (tensor.dataType === FLOAT)
    return tensor.floatData.length > 0 ? Float32Array.from(tensor.floatData) : new Float32Array(raw());
  if (tensor.dataType === FLOAT16 && tensor.rawData.length > 0) return Float32Array.from(new Float16Array(raw()));
  return undefined;
}
