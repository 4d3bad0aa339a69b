import { linear, type Drawing } from './layers.ts';

/** Features of the branches, joined in this order, to redshift [B, 1]. */
export function fusion(drawing: Drawing, features: readonly string[]): string {
  const { graph } = drawing;
  const joined = graph.node('features', 'Concat', features, { attributes: { axis: { int: 1 } } });
  const hidden = linear(drawing, 'concat_block.0', joined);
  return linear(drawing, 'concat_block.2', graph.node('concat_block.1', 'Relu', [hidden]));
}
