import { GraphEditor } from '../graph/editor.ts';
import type { FloatTensor, Graph } from '../graph/graph.ts';

/** x (1 + erf(x / sqrt 2)) / 2, five operators as PyTorch exports it, is one operator of ONNX: Gelu. */
export function fuseGelu(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  for (const erf of editor.all('Erf')) {
    const ratio = editor.makerOf(erf.inputs[0], 'Div');
    const share = editor.soleReader(erf.outputs[0]);
    const double = editor.soleReader(share?.outputs[0]);
    const half = editor.soleReader(double?.outputs[0]);
    if (!ratio || share?.op !== 'Add' || double?.op !== 'Mul' || half?.op !== 'Mul') continue;
    const [input, root] = ratio.inputs;
    if (input === undefined) continue;
    const fits =
      double.inputs[0] === input &&
      isScalar(editor.floats(root), Math.SQRT2) &&
      isScalar(editor.floats(share.inputs[1]), 1) &&
      isScalar(editor.floats(half.inputs[1]), 0.5);
    if (!fits) continue;
    editor.replace(half, { ...half, op: 'Gelu', inputs: [input], attributes: {} });
  }
  return editor.finish();
}

function isScalar(tensor: FloatTensor | undefined, value: number): boolean {
  return tensor?.data.length === 1 && tensor.data[0] === Math.fround(value);
}
