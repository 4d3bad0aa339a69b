import { itemAt } from '@cosmicai/payload';
import { GraphEditor } from '../graph/editor.ts';
import { floats, type FloatTensor, type Graph, type Node } from '../graph/graph.ts';
import { product } from '../graph/matrix.ts';

/**
 * Two Linear layers with nothing between them are one: W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2). Only where that
 * makes the pair cheaper.
 */
export function mergeLinears(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  for (const second of editor.all('Gemm')) {
    const first = editor.makerOf(second.inputs[0], 'Gemm');
    const outer = linearOf(editor, second);
    const inner = first && linearOf(editor, first);
    if (!outer || !inner || !editor.soleReader(first.outputs[0])) continue;
    const merged = compose(outer, inner);
    if (merged.weight.data.length > outer.weight.data.length + inner.weight.data.length) continue;
    editor.replace(second, {
      ...second,
      inputs: [
        itemAt(first.inputs, 0),
        editor.constant(`${second.name}.weight.merged`, merged.weight),
        editor.constant(`${second.name}.bias.merged`, merged.bias),
      ],
    });
  }
  return editor.finish();
}

/** weight [outputs, inputs], bias [outputs] */
export interface Linear {
  readonly weight: FloatTensor;
  readonly bias: FloatTensor;
}

/** The constants of a Gemm that is a Linear layer as PyTorch stores it. */
export function linearOf(editor: GraphEditor, gemm: Node): Linear | undefined {
  const weight = editor.floats(gemm.inputs[1]);
  const bias = editor.floats(gemm.inputs[2]);
  const turned = gemm.attributes.transB;
  const onlyTurned = Object.keys(gemm.attributes).length === 1 && turned && 'int' in turned && turned.int === 1;
  return weight && bias?.dims.length === 1 && onlyTurned ? { weight, bias } : undefined;
}

/** The Linear layer that does `inner`, then `outer`. */
export function compose(outer: Linear, inner: Linear): Linear {
  const column: FloatTensor = floats([inner.bias.data.length, 1], inner.bias.data);
  const carried = product(outer.weight, column);
  return {
    weight: product(outer.weight, inner.weight),
    bias: floats(
      outer.bias.dims,
      outer.bias.data.map((value, index) => value + itemAt(carried.data, index)),
    ),
  };
}
