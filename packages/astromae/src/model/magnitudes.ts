import type { NetworkConfig } from '../config.ts';
import { mixPrefix } from '../weights.ts';
import { linear, type Drawing } from './layers.ts';

/** Magnitudes [B, bands] to the magnitude branch's features: Linear layers with ReLU between them. */
export function magnitudes(drawing: Drawing, input: string, config: NetworkConfig, widths: readonly number[]): string {
  const block = `${mixPrefix(config)}magnitude_block`;
  const layers = widths.length - 1;
  let values = input;
  for (let layer = 0; layer < layers; layer++) {
    values = linear(drawing, `${block}.${2 * layer}`, values);
    if (layer < layers - 1) {
      values = drawing.graph.node(`${block}.${2 * layer + 1}`, 'Relu', [values]);
    }
  }
  return values;
}
