import type { GraphProto, NodeProto } from 'onnx-buf';
import { Values, type Matrix } from './graph.ts';

/** A product with a constant matrix, as most of a network's arithmetic is. */
export interface Product {
  readonly node: NodeProto;
  /** What is multiplied: [..., rows]. */
  readonly input: string;
  readonly weights: Matrix;
  /** Added to each row of the product by the node after it, where that does nothing else. */
  readonly bias: { readonly node: NodeProto; readonly data: Float32Array } | undefined;
}

/** Smaller ones take less time than turning their input into integers does. */
export const SMALLEST = 4096;

/**
 * The products of a graph that can be done in integers: MatMul of a computed value with a constant matrix of floats, in the order of
 * the graph. Gemm is not among them: heads of a few numbers, where ranges of a few hundred galaxies don't hold for all
 * (docs/performance.md).
 */
export function productsOf(graph: GraphProto): Product[] {
  const values = new Values(graph);
  return graph.node.flatMap((node) => {
    const [input, matrix] = node.input;
    const [output] = node.output;
    const weights = values.matrix(matrix);
    if (node.opType !== 'MatMul' || node.domain !== '' || input === undefined || output === undefined) return [];
    if (weights === undefined || values.isConstant(input) || weights.data.length < SMALLEST) return [];
    if (!weights.data.every(Number.isFinite)) return [];
    return [{ node, input, weights, bias: biasAfter(output, weights.columns, values) }];
  });
}

function biasAfter(output: string, columns: number, values: Values): Product['bias'] {
  const node = values.soleReader(output);
  if (node?.opType !== 'Add') return undefined;
  const data = values.vector(
    node.input.find((input) => input !== output),
    columns,
  );
  return data && { node, data };
}
