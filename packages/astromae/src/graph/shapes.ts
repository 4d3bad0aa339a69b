import { itemAt } from '@cosmicai/payload';
import type { Graph, Node } from './graph.ts';

type Dims = readonly number[];

/** Shapes of every value of a graph, for one batch size. Knows the operators this compiler writes. */
export function inferShapes(graph: Graph, batch: number): ReadonlyMap<string, Dims> {
  const shapes = new Map<string, Dims>();
  /** Integer vectors known beforehand: shapes and axes. */
  const vectors = new Map<string, Dims>();
  for (const { name, shape } of graph.inputs) {
    shapes.set(
      name,
      shape.map((dim) => (typeof dim === 'number' ? dim : batch)),
    );
  }
  for (const [name, tensor] of graph.constants) {
    shapes.set(name, tensor.dims);
    if (tensor.type === 'int64') vectors.set(name, Array.from(tensor.data, Number));
  }
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => shapes.get(input) ?? []);
    const vector = knownVector(node, inputs, vectors);
    if (vector) vectors.set(itemAt(node.outputs, 0), vector);
    const outputs = outputShapes(node, inputs, (index) => vectors.get(node.inputs[index] ?? '') ?? []);
    node.outputs.forEach((output, index) => shapes.set(output, outputs[index] ?? []));
  }
  return shapes;
}

/** The value of a node that computes shapes. */
function knownVector(node: Node, inputs: readonly Dims[], vectors: ReadonlyMap<string, Dims>): Dims | undefined {
  if (node.op === 'Shape') {
    const dims = itemAt(inputs, 0);
    return dims.slice(integer(node, 'start', 0), integer(node, 'end', dims.length));
  }
  if (node.op !== 'Concat') return undefined;
  const parts = node.inputs.map((input) => vectors.get(input));
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

function outputShapes(node: Node, inputs: readonly Dims[], vector: (index: number) => Dims): readonly Dims[] {
  const [input = [], second = []] = inputs;
  switch (node.op) {
    case 'Add':
    case 'Mul':
    case 'Div':
      return [broadcast(input, second)];
    case 'Attention':
    case 'BatchNormalization':
    case 'Cast':
    case 'Erf':
    case 'Gelu':
    case 'Identity':
    case 'LayerNormalization':
    case 'MultiHeadAttention':
    case 'QuickGelu':
    case 'Relu':
    case 'Sigmoid':
    case 'Softmax':
      return [input];
    case 'AveragePool':
    case 'MaxPool':
      return [[...input.slice(0, 2), ...windows(node, input.slice(2), integers(node, 'kernel_shape'))]];
    case 'Concat':
      return [replaced(input, axisOf(node, input), sum(inputs.map((dims) => itemAt(dims, axisOf(node, input)))))];
    case 'Conv':
      return [[itemAt(input, 0), itemAt(second, 0), ...windows(node, input.slice(2), second.slice(2))]];
    case 'Expand':
      return [broadcast(input, vector(1))];
    case 'Flatten':
      return [[itemAt(input, 0), count(input.slice(1))]];
    case 'Gemm':
      return [[itemAt(input, 0), itemAt(second, integer(node, 'transB', 0) === 1 ? 0 : 1)]];
    case 'MatMul':
      return [[...broadcast(input.slice(0, -2), second.slice(0, -2)), ...input.slice(-2, -1), ...second.slice(-1)]];
    case 'Pad':
      return [input.map((size, axis) => size + itemAt(vector(1), axis) + itemAt(vector(1), axis + input.length))];
    case 'ReduceMean':
      return [input.filter((_, axis) => !vector(1).includes(axis))];
    case 'Reshape':
      return [reshape(input, vector(1))];
    case 'Shape':
      return [[integer(node, 'end', input.length) - integer(node, 'start', 0)]];
    case 'Slice':
      return [replaced(input, itemAt(vector(3), 0), itemAt(vector(2), 0) - itemAt(vector(1), 0))];
    case 'Split': {
      const axis = axisOf(node, input);
      return node.outputs.map(() => replaced(input, axis, itemAt(input, axis) / node.outputs.length));
    }
    case 'Squeeze':
      return [input.filter((_, axis) => !vector(1).includes(axis))];
    case 'Transpose':
      return [integers(node, 'perm').map((axis) => itemAt(input, axis))];
    default:
      throw new RangeError(`Operator ${node.op} of node ${node.name} is not one that this compiler writes`);
  }
}

function integer(node: Node, name: string, absent: number): number {
  const value = node.attributes[name];
  return value && 'int' in value ? value.int : absent;
}

function integers(node: Node, name: string): Dims {
  const value = node.attributes[name];
  return value && 'ints' in value ? value.ints : [];
}

function axisOf(node: Node, dims: Dims): number {
  const axis = integer(node, 'axis', 0);
  return axis < 0 ? axis + dims.length : axis;
}

function windows(node: Node, sides: Dims, kernel: Dims): Dims {
  const strides = integers(node, 'strides');
  const pads = integers(node, 'pads');
  return sides.map((side, axis) => {
    const padded = side + (pads[axis] ?? 0) + (pads[axis + sides.length] ?? 0);
    return Math.floor((padded - itemAt(kernel, axis)) / (strides[axis] ?? 1)) + 1;
  });
}

function reshape(dims: Dims, wanted: Dims): Dims {
  const known = wanted.map((size, axis) => (size === 0 ? itemAt(dims, axis) : size));
  const rest = count(dims) / count(known.filter((size) => size !== -1));
  return known.map((size) => (size === -1 ? rest : size));
}

function broadcast(left: Dims, right: Dims): Dims {
  const axes = Math.max(left.length, right.length);
  const at = (dims: Dims, axis: number): number => dims[axis - (axes - dims.length)] ?? 1;
  return Array.from({ length: axes }, (_, axis) => Math.max(at(left, axis), at(right, axis)));
}

function replaced(dims: Dims, axis: number, size: number): Dims {
  return dims.map((old, index) => (index === axis ? size : old));
}

function sum(values: Dims): number {
  return values.reduce((total, value) => total + value, 0);
}

function count(dims: Dims): number {
  return dims.reduce((total, value) => total * value, 1);
}
