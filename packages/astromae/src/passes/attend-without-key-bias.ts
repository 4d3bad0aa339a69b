import { itemAt } from '@cosmicai/payload';
import { GraphEditor, plainNode } from '../graph/editor.ts';
import { type FloatTensor, type Graph, type Node } from '../graph/graph.ts';

/**
 * onnxruntime's own operator of attention (fuseAttention) becomes the one of ONNX, which takes two thirds of its time (onnxruntime 1.30,
 * 17 tokens of 12 heads of 16). That has no bias: those of query and value are added before it, where a product in 8 bits takes them in.
 * That of the keys goes: it adds the same number to all logits of a query, which softmax doesn't see.
 */
export function attendWithoutKeyBias(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  for (const attention of editor.all('MultiHeadAttention')) {
    const [query, key, value, shift] = attention.inputs;
    const bias = editor.floats(shift);
    const heads = attention.attributes.num_heads;
    const { scale } = attention.attributes;
    if (query === undefined || key === undefined || value === undefined || !heads || !scale) continue;
    if (shift !== undefined && !bias) continue;
    const shifts: Node[] = [];
    const shifted = (operand: string, third: number): string => {
      const part = bias && thirdOf(bias, third);
      if (!part?.some((number) => number !== 0)) return operand;
      const node = plainNode(`${operand}.shifted`, 'Add', [operand, editor.vector(`${operand}.bias`, part)]);
      shifts.push(node);
      return node.name;
    };
    const inputs = [shifted(query, 0), key, shifted(value, 2)];
    editor.replace(attention, ...shifts, {
      ...attention,
      op: 'Attention',
      domain: '',
      inputs,
      attributes: { q_num_heads: heads, kv_num_heads: heads, scale },
    });
  }
  return editor.finish();
}

/** Query, key and value lie one after the other. */
function thirdOf({ dims, data }: FloatTensor, third: number): Float32Array {
  const width = itemAt(dims, 0) / 3;
  return data.slice(third * width, (third + 1) * width);
}
