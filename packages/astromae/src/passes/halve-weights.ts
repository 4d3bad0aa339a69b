/// <reference lib="es2025.float16" />
import { GraphEditor, plainNode } from '../graph/editor.ts';
import type { FloatTensor, Graph, Tensor } from '../graph/graph.ts';

/**
 * Smaller tensors stay as they are. Of the published configuration they are 3 % of the file, and rounding them made up most of
 * the difference (1.2e-3 instead of 3.4e-4 at most): magnitudes near 17 go through one such matrix, raw fluxes through others.
 */
const SMALLEST = 16_384;
/** Largest finite half: beyond it a weight would become infinite. */
const LARGEST_HALF = 65504;
/** ONNX's code for float32, the target of Cast. */
const FLOAT = 1;

/**
 * Stores large constants in half precision and widens them by a Cast, which onnxruntime computes once when it loads the
 * model: half the file, the same arithmetic, weights rounded to 11 bits. This is the one pass that is not exact.
 */
export function halveWeights(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  const casts = [];
  for (const [name, tensor] of graph.constants) {
    if (tensor.type !== 'float32' || tensor.data.length < SMALLEST || !fitsHalf(tensor)) continue;
    const half = editor.constant(`${name}.half`, rounded(tensor));
    casts.push(plainNode(`${name}.widened`, 'Cast', [half], { attributes: { to: { int: FLOAT } }, outputs: [name] }));
    editor.removeConstant(name);
  }
  editor.prepend(casts);
  return editor.finish();
}

function fitsHalf({ data }: FloatTensor): boolean {
  return data.every((value) => Math.abs(value) <= LARGEST_HALF);
}

function rounded({ dims, data }: FloatTensor): Tensor {
  return { type: 'float16', dims, data: new Uint16Array(new Float16Array(data).buffer) };
}
