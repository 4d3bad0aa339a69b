import { itemAt } from '@cosmicai/payload';
import { GraphEditor } from '../graph/editor.ts';
import { floats, type Graph, type Node } from '../graph/graph.ts';
import { compose, type Linear } from './merge-linears.ts';
import { isPointwise } from './pool-before-stem.ts';

/**
 * A 1x1 convolution right after another is one 1x1 convolution, as Linear layers are. Done where the merged one has no
 * more inputs than before; the first stays for whatever else reads it (the pooled branch: a maximum is not linear).
 */
export function mergePointwise(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  for (const second of editor.all('Conv')) {
    const first = editor.makerOf(second.inputs[0], 'Conv');
    const outer = pixelLinear(editor, second);
    const inner = first && pixelLinear(editor, first);
    if (!outer || !inner || itemAt(inner.weight.dims, 1) > itemAt(outer.weight.dims, 1)) continue;
    const merged = compose(outer, inner);
    const kernel = floats([...merged.weight.dims, 1, 1], merged.weight.data);
    editor.replace(second, {
      ...second,
      inputs: [
        itemAt(first.inputs, 0),
        editor.constant(`${second.name}.weight.merged`, kernel),
        editor.constant(`${second.name}.bias.merged`, merged.bias),
      ],
    });
  }
  return editor.finish();
}

/** What a 1x1 convolution does to each pixel; undefined for any other. */
function pixelLinear(editor: GraphEditor, conv: Node): Linear | undefined {
  const kernel = editor.floats(conv.inputs[1]);
  const bias = editor.floats(conv.inputs[2]);
  if (!kernel || !bias || !isPointwise(editor, conv)) return undefined;
  return { weight: floats(kernel.dims.slice(0, 2), kernel.data), bias };
}
