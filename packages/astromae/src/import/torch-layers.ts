import { itemAt } from '@cosmicai/payload';
import type { ModuleView } from './module-view.ts';

/** Layers of torch.nn, with every setting the compiler relies on checked. */

export interface LinearShape {
  readonly inputs: number;
  readonly outputs: number;
}

export function readLinear(layer: ModuleView, bias = true): LinearShape {
  layer.as('Linear');
  const [outputs, inputs] = layer.dims('weight') as [number, number];
  if (layer.hasParameter('bias') !== bias) {
    throw layer.mismatch(`a Linear ${bias ? 'without' : 'with'} bias`, `one ${bias ? 'with' : 'without'} bias`);
  }
  return { inputs, outputs };
}

export interface ConvolutionShape {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly groups: number;
}

/** A square convolution with bias and zero padding of the given width. */
export function readConvolution(layer: ModuleView, padding: (kernel: number) => number): ConvolutionShape {
  layer.as('Conv2d').exactly('padding_mode', 'zeros', undefined);
  const kernel = layer.square('kernel_size');
  const stride = layer.square('stride');
  const groups = layer.integer('groups');
  const [outputs, groupInputs] = layer.dims('weight') as [number, number];
  layer.dims('bias');
  const expected = padding(kernel);
  const found = layer.square('padding');
  if (found !== expected) throw layer.mismatch(`a convolution with padding ${found}`, `padding ${expected}`);
  if (layer.square('dilation') !== 1) throw layer.mismatch('a dilated convolution', 'dilation 1');
  return { inputs: groupInputs * groups, outputs, kernel, stride, groups };
}

/** Epsilon of a LayerNorm over the last axis, with gain and shift. */
export function readLayerNorm(layer: ModuleView): number {
  layer.as('LayerNorm');
  layer.dims('weight');
  layer.dims('bias');
  return layer.number('eps');
}

/** Epsilon of a BatchNorm that has learned gain and shift and tracked its statistics. */
export function readBatchNorm(layer: ModuleView): number {
  layer.as('BatchNorm2d', 'SyncBatchNorm').exactly('track_running_stats', true);
  layer.dims('weight');
  layer.dims('bias');
  return layer.number('eps');
}

/** Linear, ReLU, Linear, … as a Sequential: the widths from the inputs of the first to the outputs of the last. */
export function readPerceptron(sequence: ModuleView, layers = sequence.as('Sequential').items()): number[] {
  if (layers.length % 2 === 0) {
    throw sequence.mismatch(`a sequence of ${layers.length} modules`, 'Linear layers with a ReLU between each two');
  }
  const linears = layers.filter((_, index) => index % 2 === 0).map((layer) => readLinear(layer));
  layers.filter((_, index) => index % 2 === 1).forEach((layer) => layer.as('ReLU'));
  return [itemAt(linears, 0).inputs, ...linears.map((layer) => layer.outputs)];
}

/** Layers of a head, and whether it makes probabilities of its outputs itself. */
export function readHead(sequence: ModuleView): { readonly layers: ModuleView[]; readonly softmax: boolean } {
  const layers = sequence.as('Sequential').items();
  const last = itemAt(layers, layers.length - 1);
  if (last.className !== 'Softmax' && last.className !== 'LogSoftmax') return { layers, softmax: false };
  last.exactly('dim', 1, -1);
  return { layers: layers.slice(0, -1), softmax: true };
}

/** A 2x2 pool of stride 2 that neither pads nor rounds up. */
export function readAveragePool(layer: ModuleView): void {
  layer.as('AvgPool2d').exactly('ceil_mode', false).exactly('divisor_override', null, undefined);
  if (layer.square('kernel_size') !== 2 || layer.square('stride') !== 2 || layer.square('padding') !== 0) {
    throw layer.mismatch('a pool of another size', 'kernel 2, stride 2, no padding');
  }
}

/** A 3x3 maximum that keeps the size. */
export function readMaximum(layer: ModuleView): void {
  layer.as('MaxPool2d').exactly('ceil_mode', false);
  const fits = layer.square('kernel_size') === 3 && layer.square('stride') === 1 && layer.square('padding') === 1;
  if (!fits || layer.square('dilation') !== 1) {
    throw layer.mismatch('a pool of another size', 'kernel 3, stride 1, padding 1');
  }
}
