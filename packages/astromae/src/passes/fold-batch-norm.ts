import { itemAt } from '@cosmicai/payload';
import { GraphEditor } from '../graph/editor.ts';
import { floats, type FloatTensor, type Graph } from '../graph/graph.ts';

/**
 * BatchNorm after a convolution scales and shifts each output channel: both go into the convolution's weights.
 *
 * y = g (W x + b - m) / sqrt(v + e) + s  is  W' x + b'  with  k = g / sqrt(v + e), W' = k W, b' = k (b - m) + s.
 */
export function foldBatchNorm(graph: Graph): Graph {
  const editor = new GraphEditor(graph);
  for (const norm of editor.all('BatchNormalization')) {
    const conv = editor.makerOf(norm.inputs[0], 'Conv');
    const kernel = editor.floats(conv?.inputs[1]);
    const bias = editor.floats(conv?.inputs[2]);
    const [gain, shift, mean, variance] = norm.inputs.slice(1).map((input) => editor.floats(input));
    const epsilon = norm.attributes.epsilon;
    if (!conv || !kernel || !bias || !gain || !shift || !mean || !variance || !epsilon || !('float' in epsilon))
      continue;
    if (!editor.soleReader(conv.outputs[0])) continue;
    const factor = Float64Array.from(
      gain.data,
      (g, channel) => g / Math.sqrt(itemAt(variance.data, channel) + epsilon.float),
    );
    const offset = Float32Array.from(
      bias.data,
      (b, channel) => itemAt(factor, channel) * (b - itemAt(mean.data, channel)) + itemAt(shift.data, channel),
    );
    editor.replace(norm, {
      ...conv,
      inputs: [
        itemAt(conv.inputs, 0),
        editor.constant(`${conv.name}.weight.normed`, scaledChannels(kernel, factor)),
        editor.vector(`${conv.name}.bias.normed`, offset),
      ],
      outputs: norm.outputs,
    });
  }
  return editor.finish();
}

function scaledChannels(kernel: FloatTensor, factor: Float64Array): FloatTensor {
  const size = kernel.data.length / factor.length;
  return floats(
    kernel.dims,
    kernel.data.map((value, index) => value * itemAt(factor, Math.floor(index / size))),
  );
}
