import { itemAt } from '@cosmicai/payload';
import { GraphEditor } from '../graph/editor.ts';
import { floats, type FloatTensor, type Graph, type Node } from '../graph/graph.ts';

/**
 * Attention multiplies every query by one constant. The query is linear in the weights and bias of its third of the qkv
 * layer, so the constant goes there.
 */
export function foldAttentionScale(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  for (const scaling of editor.all('Mul')) {
    const factor = editor.floats(scaling.inputs[1]);
    const query = editor.makerOf(scaling.inputs[0], 'Squeeze');
    const source = query && qkvSource(editor, query);
    const by = factor?.data.length === 1 ? factor.data[0] : undefined;
    if (by === undefined || !query || !source || !editor.soleReader(query.outputs[0])) continue;
    const { product, weight, shifted, bias } = source;
    const scaled = (tensor: FloatTensor): FloatTensor => firstThirdTimes(tensor, by);
    editor.replace(product, {
      ...product,
      inputs: [itemAt(product.inputs, 0), editor.constant(`${product.name}.scaled`, scaled(weight))],
    });
    if (shifted && bias) {
      const constant = editor.constant(`${shifted.name}.bias.scaled`, scaled(bias));
      editor.replace(shifted, { ...shifted, inputs: [itemAt(shifted.inputs, 0), constant] });
    }
    editor.replace(scaling, { ...query, name: scaling.name, outputs: scaling.outputs });
  }
  return editor.finish();
}

interface QkvSource {
  readonly product: Node;
  readonly weight: FloatTensor;
  readonly shifted: Node | undefined;
  readonly bias: FloatTensor | undefined;
}

/** The qkv layer whose first third a value is: the first output of a split of it. */
function qkvSource(editor: GraphEditor, query: Node): QkvSource | undefined {
  const split = editor.makerOf(query.inputs[0], 'Split');
  if (split?.outputs[0] !== query.inputs[0]) return undefined;
  const view = editor.makerOf(editor.makerOf(split?.inputs[0], 'Transpose')?.inputs[0], 'Reshape');
  const shifted = editor.makerOf(view?.inputs[0], 'Add');
  const product = editor.makerOf(shifted ? shifted.inputs[0] : view?.inputs[0], 'MatMul');
  const weight = editor.floats(product?.inputs[1]);
  const bias = editor.floats(shifted?.inputs[1]);
  if (!product || !weight || (shifted && !bias)) return undefined;
  return { product, weight, shifted, bias };
}

/** Scales the first third of the last axis. */
function firstThirdTimes(tensor: FloatTensor, factor: number): FloatTensor {
  const width = itemAt(tensor.dims, tensor.dims.length - 1);
  return floats(
    tensor.dims,
    tensor.data.map((value, index) => (index % width < width / 3 ? value * factor : value)),
  );
}
