import { itemAt } from '@cosmicai/payload';
import { GraphEditor } from '../graph/editor.ts';
import type { Graph, Node } from '../graph/graph.ts';

/**
 * Average pooling and a 1x1 convolution commute, bias and all, as both are linear and the pool's weights sum to one:
 * pooling first leaves the convolution a quarter of the pixels.
 */
export function poolBeforeStem(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  for (const pool of editor.all('AveragePool')) {
    const conv = editor.makerOf(pool.inputs[0], 'Conv');
    if (!conv || !isPointwise(editor, conv) || isPadded(pool) || !editor.soleReader(conv.outputs[0])) continue;
    const pooled = `${pool.name}.early`;
    editor.replace(
      pool,
      { ...pool, name: pooled, inputs: [itemAt(conv.inputs, 0)], outputs: [pooled] },
      { ...conv, inputs: [pooled, ...conv.inputs.slice(1)], outputs: pool.outputs },
    );
  }
  return editor.finish();
}

/** A 1x1 convolution of one group, constant weights and stride 1: a Linear layer over channels, pixel by pixel. */
export function isPointwise(editor: GraphEditor, conv: Node): boolean {
  const kernel = editor.floats(conv.inputs[1]);
  const { strides, group } = conv.attributes;
  return (
    kernel?.dims.slice(2).every((side) => side === 1) === true &&
    editor.floats(conv.inputs[2]) !== undefined &&
    !isPadded(conv) &&
    (!group || ('int' in group && group.int === 1)) &&
    (!strides || ('ints' in strides && strides.ints.every((step) => step === 1)))
  );
}

function isPadded({ attributes: { pads } }: Node): boolean {
  return pads !== undefined && 'ints' in pads && pads.ints.some((pad) => pad !== 0);
}
