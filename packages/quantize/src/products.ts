import type { GraphProto, NodeProto } from 'onnx-buf';
import { Values, type Matrix } from './graph.ts';

/** A product with a constant matrix, as most of a network's arithmetic is. */
export interface Product {
  readonly node: NodeProto;
  /** What is multiplied: [..., rows]. */
  readonly input: string;
  readonly weights: Matrix;
  /** Added to each row of the product, by the node itself or by the one after it where that does nothing else. */
  readonly bias: { readonly node: NodeProto; readonly data: Float32Array } | undefined;
}

/**
 * How a product is done in integers. By columns: what is multiplied has one scale, which calibration gives, and weights have one for each
 * column. By blocks: each row of what is multiplied is rounded as it comes, by the largest number of each block of it, and weights have a scale
 * for each block of a column; that changes less, needs no calibration, and takes about twice the time.
 */
export type Way = 'columns' | 'blocks';

export interface WayOfProduct {
  readonly product: Product;
  readonly way: Way;
}

/** Smaller ones take less time than turning their input into integers does. */
export const SMALLEST = 4096;

/**
 * The products of a graph that can be done in integers: MatMul, and Gemm with nothing but a constant bias, of a computed value with a
 * constant matrix of floats, in the order of the graph. Which of them are is another question (layers.ts).
 */
export function productsOf(graph: GraphProto): Product[] {
  const values = new Values(graph);
  return graph.node.flatMap((node) => {
    const [input, matrix] = node.input;
    const [output] = node.output;
    const form = node.domain === '' ? FORMS[node.opType]?.(node) : undefined;
    if (form === undefined || input === undefined || output === undefined) return [];
    const stored = values.matrix(matrix);
    const weights = stored && form.transposed ? transposed(stored) : stored;
    if (weights === undefined || values.isConstant(input) || weights.data.length < SMALLEST) return [];
    if (!weights.data.every(Number.isFinite)) return [];
    if (node.opType === 'MatMul') return [{ node, input, weights, bias: biasAfter(output, weights.columns, values) }];
    const [, , added = ''] = node.input;
    const data = added === '' ? undefined : values.vector(added, weights.columns);
    if (added !== '' && data === undefined) return [];
    return [{ node, input, weights, bias: data && { node, data } }];
  });
}

/** Whether the constant matrix is stored by columns; undefined where an operator does more than multiply and add. */
const FORMS: Readonly<Record<string, (node: NodeProto) => { readonly transposed: boolean } | undefined>> = {
  MatMul: () => ({ transposed: false }),
  Gemm: ({ attribute }) => {
    const of = (name: string) => attribute.find((one) => one.name === name);
    const isPlain = (of('alpha')?.f ?? 1) === 1 && (of('beta')?.f ?? 1) === 1 && (of('transA')?.i ?? 0n) === 0n;
    return isPlain ? { transposed: (of('transB')?.i ?? 0n) !== 0n } : undefined;
  },
};

function transposed({ rows, columns, data }: Matrix): Matrix {
  const turned = new Float32Array(data.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) turned[column * rows + row] = data[row * columns + column] ?? 0;
  return { rows: columns, columns: rows, data: turned };
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
