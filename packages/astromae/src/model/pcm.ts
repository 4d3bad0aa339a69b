import type { PcmConfig } from '../config.ts';
import { integers } from '../graph/graph.ts';
import { batchNorm, convolution, type Drawing } from './layers.ts';

/**
 * The convolution branch of a ViTAE normal cell: two convolutions over the grid of patch tokens. The class token, row 0 of
 * [B, 1 + side^2, D], has no place on the grid and gets 0.
 */
export function pcm(
  drawing: Drawing,
  name: string,
  input: string,
  side: number,
  width: number,
  config: PcmConfig,
): string {
  const { graph } = drawing;
  const window = { padding: config.kernel >> 1, groups: config.groups };
  const patches = graph.node(`${name}.patches`, 'Slice', [
    input,
    graph.integers(`${name}.patches.start`, [1]),
    graph.integers(`${name}.patches.end`, [1 + side * side]),
    graph.integers(`${name}.patches.axis`, [1]),
  ]);
  const channels = graph.node(`${name}.channels`, 'Transpose', [patches], {
    attributes: { perm: { ints: [0, 2, 1] } },
  });
  const grid = graph.node(`${name}.grid`, 'Reshape', [
    channels,
    graph.constant(`${name}.grid.shape`, integers([0, width, side, side])),
  ]);

  const widened = convolution(drawing, `${name}.0`, grid, window);
  const normed = batchNorm(drawing, `${name}.1`, widened, config.batchNormEpsilon);
  const gate = graph.node(`${name}.2.gate`, 'Sigmoid', [normed]);
  const active = graph.node(`${name}.2`, 'Mul', [normed, gate]);
  const narrowed = convolution(drawing, `${name}.3`, active, window);

  const flat = graph.node(`${name}.flat`, 'Reshape', [
    narrowed,
    graph.constant(`${name}.flat.shape`, integers([0, width, side * side])),
  ]);
  const rows = graph.node(`${name}.rows`, 'Transpose', [flat], { attributes: { perm: { ints: [0, 2, 1] } } });
  return graph.node(`${name}.padded`, 'Pad', [rows, graph.integers(`${name}.pads`, [0, 1, 0, 0, 0, 0])]);
}
