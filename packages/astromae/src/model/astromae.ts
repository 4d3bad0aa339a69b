import { itemAt } from '@cosmicai/payload';
import { answerWidth, networkName, type NetworkConfig } from '../config.ts';
import { GraphBuilder } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import type { Weights } from '../weights.ts';
import { encoder, transformer } from './encoder.ts';
import { fusion } from './fusion.ts';
import { inception } from './inception.ts';
import type { Drawing } from './layers.ts';
import { magnitudes } from './magnitudes.ts';

/** Names of the model's inputs and output. */
export const IMAGE = 'image';
export const MAGNITUDES = 'magnitudes';
export const REDSHIFT = 'redshift';

/** What the output is called. */
export function outputName({ answer }: Pick<NetworkConfig, 'answer'>): string {
  switch (answer) {
    case undefined:
    case 'uncertain':
      return REDSHIFT;
    case 'density':
      return 'density';
    case 'features':
      return 'embedding';
  }
}

/**
 * The network operator by operator as PyTorch runs it, nothing folded. Batch size is dynamic. There is always an image, which a
 * network of magnitudes alone doesn't read: every model takes one.
 */
export function literalGraph(config: NetworkConfig, weights: Weights): Graph {
  const graph = new GraphBuilder(networkName(config));
  const drawing: Drawing = { graph, weights };
  const { imageSize, bands, answer } = config;
  const image = graph.input({ name: IMAGE, type: 'float32', shape: ['batch', bands, imageSize, imageSize] });
  const values = answerOf(drawing, image, config);
  const output = outputName(config);
  if (answer === 'density') graph.node(output, 'Softmax', [values], { attributes: { axis: { int: -1 } } });
  else graph.node(output, 'Identity', [values]);
  graph.output({ name: output, type: 'float32', shape: ['batch', answerWidth(config)] });
  return graph.build();
}

function answerOf(drawing: Drawing, image: string, config: NetworkConfig): string {
  const widths = config.magnitudes;
  const photometry =
    widths && drawing.graph.input({ name: MAGNITUDES, type: 'float32', shape: ['batch', itemAt(widths, 0)] });
  if (config.transformer) return transformer(drawing, image, config, config.transformer);
  return fusion(
    drawing,
    [
      ...(config.encoder ? [encoder(drawing, image, config, config.encoder)] : []),
      ...(config.inception ? [inception(drawing, image, config, config.inception)] : []),
      ...(widths && photometry !== undefined ? [magnitudes(drawing, photometry, config, widths)] : []),
    ],
    config,
  );
}
