import { itemAt } from '@cosmicai/payload';
import type { AstroMaeConfig } from '../config.ts';
import { GraphBuilder } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import type { Weights } from '../weights.ts';
import { encoder } from './encoder.ts';
import { fusion } from './fusion.ts';
import { inception } from './inception.ts';
import type { Drawing } from './layers.ts';
import { magnitudes } from './magnitudes.ts';

/** Names of the model's inputs and output. */
export const IMAGE = 'image';
export const MAGNITUDES = 'magnitudes';
export const REDSHIFT = 'redshift';

/** The regressor operator by operator as PyTorch runs it, nothing folded. Batch size is dynamic. */
export function literalGraph(config: AstroMaeConfig, weights: Weights): Graph {
  const graph = new GraphBuilder('AstroMAE');
  const drawing: Drawing = { graph, weights };
  const { imageSize, bands } = config;
  const image = graph.input({ name: IMAGE, type: 'float32', shape: ['batch', bands, imageSize, imageSize] });
  const photometry = graph.input({ name: MAGNITUDES, type: 'float32', shape: ['batch', itemAt(config.magnitudes, 0)] });
  const features = [
    encoder(drawing, image, config),
    inception(drawing, image, config),
    magnitudes(drawing, photometry, config),
  ];
  graph.node(REDSHIFT, 'Identity', [fusion(drawing, features)]);
  graph.output({ name: REDSHIFT, type: 'float32', shape: ['batch', 1] });
  return graph.build();
}
