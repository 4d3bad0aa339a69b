import { itemAt } from '@cosmicai/payload';
import { GraphEditor } from '../graph/editor.ts';
import { floats, type FloatTensor, type Graph, type Node } from '../graph/graph.ts';
import { besides, columns } from '../graph/matrix.ts';
import { compose, linearOf, type Linear } from './merge-linears.ts';

/**
 * A Linear layer over joined branches is a sum of Linear layers, one over each: the last Linear of a branch goes into its
 * block of columns. What is joined then is what went into the branches' last layers.
 */
export function mergeIntoFusion(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  for (const fusion of editor.all('Gemm')) {
    const join = editor.makerOf(fusion.inputs[0], 'Concat');
    const joined = linearOf(editor, fusion);
    if (!join || !joined || !editor.soleReader(join.outputs[0])) continue;
    const branches = join.inputs.map((value) => branchEnd(editor, value));
    if (!branches.every((branch) => branch !== undefined)) continue;
    const { inputs, weight, bias } = distribute(joined, branches);
    const name = `${join.name}.hidden`;
    editor.replace(
      fusion,
      { ...join, name, inputs, outputs: [name] },
      {
        ...fusion,
        inputs: [
          name,
          editor.constant(`${fusion.name}.weight.merged`, weight),
          editor.constant(`${fusion.name}.bias.merged`, bias),
        ],
      },
    );
  }
  return editor.finish();
}

interface BranchEnd {
  readonly node: Node;
  readonly linear: Linear;
}

/** The Linear layer a branch ends in, when nothing else reads it. */
function branchEnd(editor: GraphEditor, value: string): BranchEnd | undefined {
  const node = editor.makerOf(value, 'Gemm');
  const linear = node && linearOf(editor, node);
  return linear && editor.soleReader(value) ? { node, linear } : undefined;
}

function distribute(fusion: Linear, branches: readonly BranchEnd[]): Linear & { inputs: string[] } {
  let from = 0;
  const blocks: FloatTensor[] = [];
  let bias = fusion.bias;
  for (const { linear } of branches) {
    const to = from + linear.bias.data.length;
    const block = compose({ weight: columns(fusion.weight, from, to), bias }, linear);
    blocks.push(block.weight);
    bias = floats(block.bias.dims, block.bias.data);
    from = to;
  }
  return { inputs: branches.map(({ node }) => itemAt(node.inputs, 0)), weight: besides(blocks), bias };
}
