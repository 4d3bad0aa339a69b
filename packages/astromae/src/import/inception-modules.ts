import type { InceptionBlockConfig, InceptionConfig } from '../config.ts';
import type { ModuleView } from './module-view.ts';
import {
  readAveragePool,
  readBatchNorm,
  readConvolution,
  readLinear,
  readMaximum,
  type ConvolutionShape,
} from './torch-layers.ts';

export interface InceptionReading {
  readonly bands: number;
  /** Inputs of the Linear layer behind Flatten. */
  readonly flat: number;
  readonly inception: InceptionConfig;
}

/** Reads the sequence of inception blocks of an Input_Mix_Model. */
export function readInceptionModules(module: ModuleView): InceptionReading {
  const sequence = module.child('vis_inception', 'Sequential');
  const items = sequence.items();
  const [stemLayer, firstPool] = items;
  if (!stemLayer || !firstPool) throw sequence.mismatch('too short', 'Conv2d, AvgPool2d and inception blocks');
  const stem = readPointwise(stemLayer);
  readAveragePool(firstPool);

  const epsilons = new Set<number>();
  const blocks: InceptionBlockConfig[] = [];
  let position = 2;
  for (;;) {
    const item = items[position];
    if (item?.className !== 'InceptionBlock') break;
    const block = readInceptionBlock(item, epsilons);
    const next = items[position + 1];
    const poolAfter = next?.className === 'AvgPool2d';
    if (poolAfter) readAveragePool(next);
    blocks.push({ ...block, poolAfter });
    position += poolAfter ? 2 : 1;
  }
  const [epsilon, ...more] = epsilons;
  if (epsilon === undefined || more.length > 0) {
    throw sequence.mismatch(
      `a sequence of ${blocks.length} inception blocks with ${epsilons.size} different BatchNorm epsilons`,
      'inception blocks of one epsilon',
    );
  }
  const [flat, hidden, features] = readTail(sequence, items.slice(position));
  return {
    bands: stem.inputs,
    flat,
    inception: { stem: stem.outputs, blocks, batchNormEpsilon: epsilon, hidden, features },
  };
}

/** Flatten, Linear, ReLU, Linear. */
function readTail(sequence: ModuleView, tail: readonly ModuleView[]): [flat: number, hidden: number, features: number] {
  const [flatten, first, activation, second, ...more] = tail;
  if (!flatten || !first || !activation || !second || more.length > 0) {
    throw sequence.mismatch(
      `ending in ${tail.map((item) => item.className).join(', ')}`,
      'Flatten, Linear, ReLU, Linear',
    );
  }
  flatten.as('Flatten').exactly('start_dim', 1).exactly('end_dim', -1);
  activation.as('ReLU');
  const { inputs, outputs } = readLinear(first);
  return [inputs, outputs, readLinear(second).outputs];
}

function readInceptionBlock(block: ModuleView, epsilons: Set<number>): Omit<InceptionBlockConfig, 'poolAfter'> {
  block.only('branch1', 'branch2', 'branch3', 'branch4').exactly('is_custom', true, false);
  const unit = (module: ModuleView, kernel: number): ConvolutionShape => {
    module.as('ConvBlock').only('conv', 'bn');
    const conv = module.child('conv', 'Conv2d');
    const shape = readConvolution(conv, (side) => side >> 1);
    if (shape.kernel !== kernel || shape.stride !== 1 || shape.groups !== 1) {
      throw conv.mismatch(`a convolution ${JSON.stringify(shape)}`, `kernel ${kernel}, stride 1, 1 group`);
    }
    epsilons.add(readBatchNorm(module.child('bn', 'BatchNorm2d', 'SyncBatchNorm')));
    return shape;
  };
  const pair = (name: string, kernel: number): [ConvolutionShape, ConvolutionShape] => {
    const [narrow, wide, ...more] = block.child(name, 'Sequential').items();
    if (!narrow || !wide || more.length > 0) {
      throw block.child(name, 'Sequential').mismatch('of another length', 'two ConvBlocks');
    }
    return [unit(narrow, 1), unit(wide, kernel)];
  };
  const direct = unit(block.child('branch1', 'ConvBlock'), 1);
  const [narrow3, out3] = pair('branch2', 3);
  const [narrow5, out5] = pair('branch3', 5);
  const [maximum, projection, ...more] = block.child('branch4', 'Sequential').items();
  if (!maximum || !projection || more.length > 0) {
    throw block.child('branch4', 'Sequential').mismatch('of another length', 'MaxPool2d, ConvBlock');
  }
  readMaximum(maximum);
  return {
    inputs: direct.inputs,
    direct: direct.outputs,
    narrow3: narrow3.outputs,
    out3: out3.outputs,
    narrow5: narrow5.outputs,
    out5: out5.outputs,
    pooled: unit(projection, 1).outputs,
    runs5: block.node.attributes.get('is_custom') === false,
  };
}

function readPointwise(layer: ModuleView): ConvolutionShape {
  const shape = readConvolution(layer, () => 0);
  if (shape.kernel !== 1 || shape.stride !== 1 || shape.groups !== 1) {
    throw layer.mismatch(`a convolution ${JSON.stringify(shape)}`, 'kernel 1, stride 1, 1 group');
  }
  return shape;
}
