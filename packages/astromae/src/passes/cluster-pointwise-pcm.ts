import { itemAt } from '@cosmicai/payload';
import { GraphEditor, plainNode } from '../graph/editor.ts';
import { floats, type FloatTensor, type Graph, type Node } from '../graph/graph.ts';

/**
 * Narrower clusters than this waste more in starting matrix products than they save in arithmetic (measured: 8 to 12
 * clusters of 16 to 24 channels are best for the published 192 channels).
 */
const NARROWEST_CLUSTER = 16;

/**
 * A PCM branch with 1x1 kernels works on each token by itself, so it needs no grid: its grouped convolutions become
 * batches of matrix products over tokens, several groups joined block-diagonally into one dense cluster.
 *
 * Looks for patches [B, P, D] - transposed, reshaped to the grid - Conv - SiLU - Conv - back to [B, P, D].
 */
export function clusterPointwisePcm(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  for (const end of editor.all('Transpose')) {
    const branch = pointwiseBranch(editor, end);
    if (branch) {
      editor.replace(end, ...clustered(editor, end, branch));
    }
  }
  return editor.finish();
}

interface PointwiseBranch {
  readonly patches: string;
  readonly tokens: number;
  readonly widen: PointwiseConvolution;
  readonly narrow: PointwiseConvolution;
  readonly name: string;
}

interface PointwiseConvolution {
  /** [outputs, inputs / groups] */
  readonly kernel: FloatTensor;
  readonly bias: FloatTensor;
  readonly groups: number;
}

function pointwiseBranch(editor: GraphEditor, end: Node): PointwiseBranch | undefined {
  const flat = editor.makerOf(end.inputs[0], 'Reshape');
  const second = editor.makerOf(flat?.inputs[0], 'Conv');
  const active = editor.makerOf(second?.inputs[0], 'Mul');
  const gate = editor.makerOf(active?.inputs[1], 'Sigmoid');
  const first = editor.makerOf(active?.inputs[0], 'Conv');
  const grid = editor.makerOf(first?.inputs[0], 'Reshape');
  const start = editor.makerOf(grid?.inputs[0], 'Transpose');
  if (!second || !first || !start || gate?.inputs[0] !== active?.inputs[0]) return undefined;
  const widen = pointwise(editor, first);
  const narrow = pointwise(editor, second);
  const tokens = editor.integers(flat?.inputs[1])?.at(-1);
  if (!widen || narrow?.groups !== widen.groups || tokens === undefined) return undefined;
  return { patches: itemAt(start.inputs, 0), tokens, widen, narrow, name: second.name.replace(/\.\d+$/, '') };
}

function pointwise(editor: GraphEditor, conv: Node): PointwiseConvolution | undefined {
  const kernel = editor.floats(conv.inputs[1]);
  const bias = editor.floats(conv.inputs[2]);
  const group = conv.attributes.group;
  const [outputs, inputs, ...window] = kernel?.dims ?? [];
  if (!kernel || outputs === undefined || inputs === undefined || window.some((side) => side !== 1)) return undefined;
  if (!bias || !group || !('int' in group)) return undefined;
  return { kernel: floats([outputs, inputs], kernel.data), bias, groups: group.int };
}

/** [B, P, D] - [C, B P, D / C] - widen, SiLU, narrow - [B, P, D], for C clusters. */
function clustered(editor: GraphEditor, end: Node, branch: PointwiseBranch): Node[] {
  const { name, patches, tokens, widen, narrow } = branch;
  const width = itemAt(narrow.kernel.dims, 0);
  const hidden = itemAt(widen.kernel.dims, 0);
  const clusters = clusterCount(width, widen.groups);
  const nodes: Node[] = [];
  const add = (suffix: string, op: string, inputs: readonly string[], extra: Partial<Node> = {}): string => {
    const node = plainNode(`${name}.${suffix}`, op, inputs, extra);
    nodes.push(node);
    return node.name;
  };
  const shaped = (suffix: string, input: string, dims: readonly number[]): string =>
    add(suffix, 'Reshape', [input, editor.shape(`${name}.${suffix}.shape`, dims)]);
  const turned = (suffix: string, input: string, perm: readonly number[]): string =>
    add(suffix, 'Transpose', [input], { attributes: { perm: { ints: perm } } });

  const rows = shaped('split', patches, [-1, clusters, width / clusters]);
  const apart = turned('clusters', rows, [1, 0, 2]);
  const widened = add('wide', 'MatMul', [
    apart,
    editor.constant(`${name}.wide.weight`, clusterWeights(widen, clusters)),
  ]);
  const shifted = add('wide.shifted', 'Add', [
    widened,
    editor.constant(`${name}.wide.bias`, floats([clusters, 1, hidden / clusters], widen.bias.data)),
  ]);
  const active = add('active', 'QuickGelu', [shifted], {
    domain: 'com.microsoft',
    attributes: { alpha: { float: 1 } },
  });
  const narrowed = add('slim', 'MatMul', [
    active,
    editor.constant(`${name}.slim.weight`, clusterWeights(narrow, clusters)),
  ]);
  const joined = turned('joined', narrowed, [1, 0, 2]);
  const placed = shaped('placed', joined, [-1, tokens, width]);
  const bias = editor.constant(`${name}.slim.bias`, narrow.bias);
  return [...nodes, { ...end, op: 'Add', inputs: [placed, bias], attributes: {} }];
}

/** The most clusters that hold whole groups and are wide enough. */
function clusterCount(width: number, groups: number): number {
  let best = 1;
  for (let count = 1; count <= groups; count++) {
    if (groups % count === 0 && width / count >= NARROWEST_CLUSTER) best = count;
  }
  return best;
}

/** The kernel of a grouped 1x1 convolution as one matrix [inputs, outputs] a cluster: [C, inputs / C, outputs / C]. */
function clusterWeights({ kernel, groups }: PointwiseConvolution, clusters: number): FloatTensor {
  const [outputs, groupInputs] = kernel.dims as [number, number];
  const groupOutputs = outputs / groups;
  const rows = (groupInputs * groups) / clusters;
  const columns = outputs / clusters;
  const data = new Float32Array(clusters * rows * columns);
  for (let output = 0; output < outputs; output++) {
    const group = Math.floor(output / groupOutputs);
    const cluster = Math.floor(output / columns);
    for (let index = 0; index < groupInputs; index++) {
      const row = group * groupInputs + index - cluster * rows;
      // eslint-disable-next-line @typescript-eslint/no-non-null-assertion -- loops over the kernel's own shape
      data[(cluster * rows + row) * columns + (output % columns)] = kernel.data[output * groupInputs + index]!;
    }
  }
  return floats([clusters, rows, columns], data);
}
