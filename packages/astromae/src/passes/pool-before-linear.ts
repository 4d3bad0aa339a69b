import { itemAt } from '@cosmicai/payload';
import { GraphEditor, plainNode } from '../graph/editor.ts';
import { floats, type FloatTensor, type Graph, type Node } from '../graph/graph.ts';
import { transposed } from '../graph/matrix.ts';

/**
 * The mean over patch tokens commutes with the last Linear of the last block: mean(x + W a + b) = mean(x) + W mean(a) + b.
 * Pooling first leaves that layer one row a sample instead of one for each token.
 */
export function poolBeforeLinear(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  for (const pool of editor.all('ReduceMean')) {
    const slice = editor.makerOf(pool.inputs[0], 'Slice');
    const sum = editor.makerOf(slice?.inputs[0], 'Add');
    const shifted = editor.makerOf(sum?.inputs[1], 'Add');
    const product = editor.makerOf(shifted?.inputs[0], 'MatMul');
    const weight = editor.floats(product?.inputs[1]);
    const bias = editor.floats(shifted?.inputs[1]);
    if (!slice || !sum || !shifted || !product || weight?.dims.length !== 2 || bias?.dims.length !== 1) continue;
    if (!editor.soleReader(slice.outputs[0]) || !editor.soleReader(sum.outputs[0])) continue;
    editor.replace(pool, ...pooledFirst(editor, pool, slice, itemAt(sum.inputs, 0), product, { weight, bias }));
  }
  return editor.finish();
}

function pooledFirst(
  editor: GraphEditor,
  pool: Node,
  slice: Node,
  residual: string,
  product: Node,
  { weight, bias }: { weight: FloatTensor; bias: FloatTensor },
): Node[] {
  const nodes: Node[] = [];
  const mean = (suffix: string, value: string): string => {
    const rows = plainNode(`${pool.name}.${suffix}.rows`, 'Slice', [value, ...slice.inputs.slice(1)]);
    const pooled = plainNode(`${pool.name}.${suffix}`, 'ReduceMean', [rows.name, itemAt(pool.inputs, 1)], {
      attributes: pool.attributes,
    });
    nodes.push(rows, pooled);
    return pooled.name;
  };
  const linear = plainNode(
    `${pool.name}.linear`,
    'Gemm',
    [
      mean('hidden', itemAt(product.inputs, 0)),
      editor.constant(`${product.name}.turned`, transposed(weight)),
      editor.constant(`${product.name}.bias`, floats(bias.dims, bias.data)),
    ],
    { attributes: { transB: { int: 1 } } },
  );
  const kept = mean('residual', residual);
  return [...nodes, linear, { ...pool, op: 'Add', inputs: [kept, linear.name], attributes: {} }];
}
