import { itemAt } from '@cosmicai/payload';
import { GraphEditor, plainNode } from '../graph/editor.ts';
import { floats, type FloatTensor, type Graph, type Node } from '../graph/graph.ts';
import { columns } from '../graph/matrix.ts';

/**
 * Multi-head attention written out operator by operator becomes onnxruntime's one operator, which needs no transposed
 * copies. Expects the scale already folded into the query (foldAttentionScale); leaves attention that still scales alone.
 */
export function fuseAttention(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  for (const flat of editor.all('Reshape')) {
    const found = attentionEndingAt(editor, flat);
    if (found) {
      editor.replace(flat, ...fused(editor, flat, found));
    }
  }
  return editor.finish();
}

interface Attention {
  readonly input: string;
  readonly heads: number;
  /** [D, 3 D]: query, key and value side by side. */
  readonly weight: FloatTensor;
  /** [3 D] */
  readonly bias: FloatTensor | undefined;
}

function attentionEndingAt(editor: GraphEditor, flat: Node): Attention | undefined {
  const mixed = editor.makerOf(editor.makerOf(flat.inputs[0], 'Transpose')?.inputs[0], 'MatMul');
  const logits = editor.makerOf(editor.makerOf(mixed?.inputs[0], 'Softmax')?.inputs[0], 'MatMul');
  const turned = editor.makerOf(logits?.inputs[1], 'Transpose');
  const parts = [logits?.inputs[0], turned?.inputs[0], mixed?.inputs[1]].map((value) =>
    editor.makerOf(value, 'Squeeze'),
  );
  const split = editor.makerOf(parts[0]?.inputs[0], 'Split');
  if (!split || parts.some((part, index) => part?.inputs[0] !== split.outputs[index])) return undefined;

  const view = editor.makerOf(editor.makerOf(split.inputs[0], 'Transpose')?.inputs[0], 'Reshape');
  const heads = editor.integers(view?.inputs[1])?.[3];
  const shifted = editor.makerOf(view?.inputs[0], 'Add');
  const product = editor.makerOf(shifted ? shifted.inputs[0] : view?.inputs[0], 'MatMul');
  const weight = editor.floats(product?.inputs[1]);
  const bias = editor.floats(shifted?.inputs[1]);
  if (heads === undefined || !product || !weight || (shifted && !bias)) return undefined;
  return { input: itemAt(product.inputs, 0), heads, weight, bias };
}

function fused(editor: GraphEditor, flat: Node, { input, heads, weight, bias }: Attention): Node[] {
  const name = flat.name.replace(/\.flat$/, '');
  const width = itemAt(weight.dims, 0);
  const projections = ['query', 'key', 'value'].map((part, index) =>
    plainNode(`${name}.${part}`, 'MatMul', [
      input,
      editor.constant(`${name}.${part}.weight`, columns(weight, index * width, (index + 1) * width)),
    ]),
  );
  const operands = projections.map((node) => node.name);
  if (bias) {
    operands.push(editor.constant(`${name}.qkv.bias`, floats([3 * width], bias.data)));
  }
  return [
    ...projections,
    {
      ...flat,
      op: 'MultiHeadAttention',
      domain: 'com.microsoft',
      inputs: operands,
      // The operator's default scale is 1 / sqrt(head width): here the query carries it already.
      attributes: { num_heads: { int: heads }, scale: { float: 1 } },
    },
  ];
}
