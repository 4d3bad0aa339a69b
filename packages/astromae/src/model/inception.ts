import { itemAt } from '@cosmicai/payload';
import type { InceptionBlockConfig, InceptionConfig, NetworkConfig } from '../config.ts';
import { inceptionLayout, mixPrefix } from '../weights.ts';
import { batchNorm, convolution, linear, type Drawing } from './layers.ts';

/** Image [B, bands, S, S] to the inception branch's features [B, features]. */
export function inception(drawing: Drawing, image: string, config: NetworkConfig, settings: InceptionConfig): string {
  const { graph } = drawing;
  const { blocks, batchNormEpsilon } = settings;
  const layout = inceptionLayout(settings);
  const sequence = `${mixPrefix(config)}vis_inception`;
  let maps = halved(drawing, `${sequence}.1`, convolution(drawing, `${sequence}.0`, image));
  blocks.forEach((block, index) => {
    const position = itemAt(layout.blocks, index);
    maps = inceptionBlock(drawing, `${sequence}.${position}`, maps, block, batchNormEpsilon);
    if (block.poolAfter) {
      maps = halved(drawing, `${sequence}.${position + 1}`, maps);
    }
  });
  const flat = graph.node(`${sequence}.${layout.flatten}`, 'Flatten', [maps]);
  const [first, second] = layout.linears;
  const hidden = linear(drawing, `${sequence}.${first}`, flat);
  return linear(drawing, `${sequence}.${second}`, graph.node(`${sequence}.${first + 1}`, 'Relu', [hidden]));
}

/** 2x2 average pool. */
function halved({ graph }: Drawing, name: string, maps: string): string {
  return graph.node(name, 'AveragePool', [maps], {
    attributes: { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } },
  });
}

/** 1x1 | 1x1-3x3 | 1x1-5x5 | maxpool3-1x1, each convolution with BatchNorm and ReLU, joined over channels. */
function inceptionBlock(
  drawing: Drawing,
  name: string,
  maps: string,
  block: InceptionBlockConfig,
  epsilon: number,
): string {
  const { graph } = drawing;
  const unit = (path: string, input: string, padding = 0): string => {
    const convolved = convolution(drawing, `${name}.${path}.conv`, input, { padding });
    return graph.node(`${name}.${path}`, 'Relu', [batchNorm(drawing, `${name}.${path}.bn`, convolved, epsilon)]);
  };
  const brightest = graph.node(`${name}.branch4.0`, 'MaxPool', [maps], {
    attributes: { kernel_shape: { ints: [3, 3] }, strides: { ints: [1, 1] }, pads: { ints: [1, 1, 1, 1] } },
  });
  const branches = [
    unit('branch1', maps),
    unit('branch2.1', unit('branch2.0', maps), 1),
    ...(block.runs5 ? [unit('branch3.1', unit('branch3.0', maps), 2)] : []),
    unit('branch4.1', brightest),
  ];
  return graph.node(name, 'Concat', branches, { attributes: { axis: { int: 1 } } });
}
