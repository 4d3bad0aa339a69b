import { itemAt } from '@cosmicai/payload';
import type { NetworkConfig } from '../config.ts';
import { headLayout } from '../weights.ts';
import { linear, type Drawing } from './layers.ts';

/** Features of the branches, joined in this order, to what the network answers, [B, outputs]. */
export function fusion(drawing: Drawing, features: readonly string[], config: NetworkConfig): string {
  const { graph } = drawing;
  const joined =
    features.length === 1
      ? itemAt(features, 0)
      : graph.node('features', 'Concat', features, { attributes: { axis: { int: 1 } } });
  const layout = headLayout(config);
  if (!layout) return joined;
  return layout.linears.reduce((values, position) => {
    const active = position === 0 ? values : graph.node(`${layout.name}.${position - 1}`, 'Relu', [values]);
    return linear(drawing, `${layout.name}.${position}`, active);
  }, joined);
}
