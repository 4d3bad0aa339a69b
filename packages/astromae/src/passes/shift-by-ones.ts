import { itemAt } from '@cosmicai/payload';
import { GraphEditor, plainNode } from '../graph/editor.ts';
import { floats, scalar, type FloatTensor, type Graph, type Node } from '../graph/graph.ts';
import { inferShapes } from '../graph/shapes.ts';

/**
 * Each cluster of a PCM branch (clusterPointwisePcm) has a bias of its own, and adding that takes longer than the product: it becomes one
 * more row of the weights, and what is multiplied gets one more column, of ones. That costs nothing, as patches are taken from the tokens
 * anyway: Pad takes the class token away and adds the column in one go.
 *
 * Looks for tokens [B, 1 + P, D] - Slice - Reshape [B P, C, D / C] - Transpose - MatMul - Add, for C clusters.
 */
export function shiftByOnes(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  const shapes = inferShapes(graph, 1);
  for (const shifted of editor.all('Add')) {
    const found = shiftedClusters(editor, shifted);
    // Pad takes rows away at the start: the patches have to be all that follows.
    if (found && shapes.get(found.tokens)?.[1] === found.end) shiftWithin(editor, shifted, found);
  }
  return editor.finish();
}

interface ShiftedClusters {
  readonly product: Node;
  readonly split: Node;
  readonly tokens: string;
  /** Of the patches among the tokens. */
  readonly start: number;
  readonly end: number;
  /** [C, D / C, H] */
  readonly weight: FloatTensor;
  /** [C, 1, H] */
  readonly bias: FloatTensor;
}

function shiftedClusters(editor: GraphEditor, shifted: Node): ShiftedClusters | undefined {
  const product = editor.makerOf(shifted.inputs[0], 'MatMul');
  const apart = editor.makerOf(product?.inputs[0], 'Transpose');
  const split = editor.makerOf(apart?.inputs[0], 'Reshape');
  const patches = editor.makerOf(split?.inputs[0], 'Slice');
  const weight = editor.floats(product?.inputs[1]);
  const bias = editor.floats(shifted.inputs[1]);
  const [start, end, axis] = (patches?.inputs.slice(1) ?? []).map((value) => editor.integers(value)?.[0]);
  if (!product || !split || !patches || !weight || !bias || start === undefined || end === undefined) return undefined;
  if (axis !== 1 || weight.dims.length !== 3 || bias.dims.length !== 3) return undefined;
  if ([product, apart, split].some((node) => !editor.soleReader(node?.outputs[0]))) return undefined;
  return { product, split, tokens: itemAt(patches.inputs, 0), start, end, weight, bias };
}

function shiftWithin(editor: GraphEditor, shifted: Node, found: ShiftedClusters): void {
  const { product, split, tokens, start, weight, bias } = found;
  const [clusters, width] = weight.dims as [number, number, number];
  const name = split.name;
  const apart = plainNode(`${name}.clusters`, 'Reshape', [
    tokens,
    editor.shape(`${name}.clusters.shape`, [0, 0, clusters, width]),
  ]);
  const ones = plainNode(`${name}.ones`, 'Pad', [
    apart.name,
    editor.shape(`${name}.ones.pads`, [0, -start, 0, 0, 0, 0, 0, 1]),
    editor.constant(`${name}.one`, scalar(1)),
  ]);
  const shape = editor.shape(`${name}.ones.shape`, [-1, clusters, width + 1]);
  editor.replace(split, apart, ones, { ...split, inputs: [ones.name, shape] });
  const weights = editor.constant(`${product.name}.weight.shifted`, withRow(weight, bias));
  editor.replace(shifted, {
    ...product,
    name: shifted.name,
    inputs: [itemAt(product.inputs, 0), weights],
    outputs: shifted.outputs,
  });
}

/** [C, R, H] and [C, 1, H] make [C, R + 1, H]. */
function withRow(weight: FloatTensor, row: FloatTensor): FloatTensor {
  const [clusters, rows, columns] = weight.dims as [number, number, number];
  const data = new Float32Array(clusters * (rows + 1) * columns);
  for (let cluster = 0; cluster < clusters; cluster++) {
    const at = cluster * (rows + 1) * columns;
    data.set(weight.data.subarray(cluster * rows * columns, (cluster + 1) * rows * columns), at);
    data.set(row.data.subarray(cluster * columns, (cluster + 1) * columns), at + rows * columns);
  }
  return floats([clusters, rows + 1, columns], data);
}
