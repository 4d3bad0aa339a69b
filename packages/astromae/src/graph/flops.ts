import { itemAt } from '@cosmicai/payload';
import { elementCount, type Graph, type Node } from './graph.ts';
import { inferShapes } from './shapes.ts';

/** Floating-point operations of one sample: 2 for each multiply-add of a product; what works entry by entry is left out. */
export interface FlopCount {
  readonly total: number;
  /** In Linear layers: products with a constant matrix. */
  readonly linear: number;
  readonly convolution: number;
  readonly attention: number;
}

export function countFlops(graph: Graph): FlopCount {
  const shapes = inferShapes(graph, 1);
  const constant = (value: string | undefined): boolean =>
    value !== undefined && (graph.constants.has(value) || castOf(graph, value));
  const counts = { linear: 0, convolution: 0, attention: 0 };
  for (const node of graph.nodes) {
    const [first = [], second = []] = node.inputs.map((input) => shapes.get(input));
    const outputs = elementCount(shapes.get(itemAt(node.outputs, 0)) ?? []);
    switch (node.op) {
      case 'Gemm':
      case 'MatMul':
        counts[constant(node.inputs[1]) ? 'linear' : 'attention'] += 2 * outputs * itemAt(first, first.length - 1);
        break;
      case 'Conv':
        counts.convolution += 2 * outputs * elementCount(second.slice(1));
        break;
      case 'Attention':
      case 'MultiHeadAttention':
        // Query times key and weights times value, each [N, N] by [N, D] over all heads together.
        counts.attention += 2 * 2 * outputs * itemAt(first, 1);
        break;
    }
  }
  return { ...counts, total: counts.linear + counts.convolution + counts.attention };
}

/** Whether a value is a constant stored in half precision and widened at load. */
function castOf(graph: Graph, value: string): boolean {
  const maker: Node | undefined = graph.nodes.find((node) => node.outputs[0] === value);
  return maker?.op === 'Cast' && graph.constants.has(itemAt(maker.inputs, 0));
}
