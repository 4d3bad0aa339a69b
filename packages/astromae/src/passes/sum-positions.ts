import { itemAt } from '@cosmicai/payload';
import { GraphEditor, plainNode } from '../graph/editor.ts';
import { floats, type Graph } from '../graph/graph.ts';

/**
 * The class token plus its position is constant: instead of copying the class token for every sample and joining it to
 * the patches, pad the patches by a row of zeros and add one table [1, N, D] that holds the sum in that row.
 */
export function sumPositions(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  for (const placed of editor.all('Add')) {
    const positions = editor.floats(placed.inputs[1]);
    const tokens = editor.makerOf(placed.inputs[0], 'Concat');
    const cls = editor.floats(editor.makerOf(tokens?.inputs[0], 'Expand')?.inputs[0]);
    if (!positions || tokens?.inputs.length !== 2 || !cls || !editor.soleReader(tokens.outputs[0])) continue;
    const table = positions.data.map((value, index) => value + (cls.data[index] ?? 0));
    const pads = editor.shape(`${tokens.name}.pads`, [0, 1, 0, 0, 0, 0]);
    const padded = plainNode(`${tokens.name}.padded`, 'Pad', [itemAt(tokens.inputs, 1), pads]);
    const sum = editor.constant(`${placed.name}.table`, floats(positions.dims, table));
    editor.replace(placed, padded, { ...placed, inputs: [padded.name, sum] });
  }
  return editor.finish();
}
