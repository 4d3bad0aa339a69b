import type { AstroMaeConfig } from '../config.ts';
import { linear, type Drawing } from './layers.ts';

/** Magnitudes [B, bands] to the magnitude branch's features: Linear layers with ReLU between them. */
export function magnitudes(drawing: Drawing, input: string, config: AstroMaeConfig): string {
  const block = 'inception_model.magnitude_block';
  const layers = config.magnitudes.length - 1;
  let values = input;
  for (let layer = 0; layer < layers; layer++) {
    values = linear(drawing, `${block}.${2 * layer}`, values);
    if (layer < layers - 1) {
      values = drawing.graph.node(`${block}.${2 * layer + 1}`, 'Relu', [values]);
    }
  }
  return values;
}
