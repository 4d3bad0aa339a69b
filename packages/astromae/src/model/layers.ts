import type { GraphBuilder } from '../graph/builder.ts';
import type { FloatTensor } from '../graph/graph.ts';
import { transposed } from '../graph/matrix.ts';
import type { Weights } from '../weights.ts';

/** What the parts of the model are written with: a graph under construction and the weights by PyTorch name. */
export interface Drawing {
  readonly graph: GraphBuilder;
  readonly weights: Weights;
}

/** @throws Error for a name the configuration did not announce: a bug, as weights are checked before. */
export function weight(drawing: Drawing, name: string): FloatTensor {
  const tensor = drawing.weights.get(name);
  if (!tensor) {
    throw new Error(`The weights have no tensor named ${name}`);
  }
  return tensor;
}

/** Puts a tensor of the checkpoint into the graph under its own name. */
export function parameter(drawing: Drawing, name: string): string {
  return drawing.graph.constant(name, weight(drawing, name));
}

/** Linear over [B, inputs]. */
export function linear(drawing: Drawing, name: string, input: string): string {
  const operands = [input, parameter(drawing, `${name}.weight`), parameter(drawing, `${name}.bias`)];
  return drawing.graph.node(name, 'Gemm', operands, { attributes: { transB: { int: 1 } } });
}

/** Linear over tokens [B, N, inputs], with the bias given, or none. */
export function tokenLinear(drawing: Drawing, name: string, input: string, bias: FloatTensor | null): string {
  const { graph } = drawing;
  const matrix = graph.constant(`${name}.weight`, transposed(weight(drawing, `${name}.weight`)));
  if (!bias) {
    return graph.node(name, 'MatMul', [input, matrix]);
  }
  const product = graph.node(`${name}.product`, 'MatMul', [input, matrix]);
  return graph.node(name, 'Add', [product, graph.constant(`${name}.bias`, bias)]);
}

export function layerNorm(drawing: Drawing, name: string, input: string, epsilon: number): string {
  const operands = [input, parameter(drawing, `${name}.weight`), parameter(drawing, `${name}.bias`)];
  return drawing.graph.node(name, 'LayerNormalization', operands, { attributes: { epsilon: { float: epsilon } } });
}

interface ConvolutionOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly groups?: number;
}

export function convolution(drawing: Drawing, name: string, input: string, options: ConvolutionOptions = {}): string {
  const { stride = 1, padding = 0, groups = 1 } = options;
  const kernel = weight(drawing, `${name}.weight`).dims.slice(2);
  return drawing.graph.node(
    name,
    'Conv',
    [input, parameter(drawing, `${name}.weight`), parameter(drawing, `${name}.bias`)],
    {
      attributes: {
        kernel_shape: { ints: kernel },
        strides: { ints: [stride, stride] },
        pads: { ints: [padding, padding, padding, padding] },
        group: { int: groups },
      },
    },
  );
}

export function batchNorm(drawing: Drawing, name: string, input: string, epsilon: number): string {
  const statistics = ['weight', 'bias', 'running_mean', 'running_var'];
  return drawing.graph.node(
    name,
    'BatchNormalization',
    [input, ...statistics.map((statistic) => parameter(drawing, `${name}.${statistic}`))],
    { attributes: { epsilon: { float: epsilon } } },
  );
}
