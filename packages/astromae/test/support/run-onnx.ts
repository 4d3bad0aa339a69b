import '@cosmicai/payload/no-telemetry';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeOnnx } from '../../src/onnx/encode.ts';
import type { AstroMaeConfig } from '../../src/config.ts';
import type { Graph } from '../../src/graph/graph.ts';

/** Model inputs, row-major. */
export interface Inputs {
  readonly count: number;
  readonly images: Float32Array;
  readonly magnitudes: Float32Array;
}

/** Runs a model file in onnxruntime: its one output, row-major. */
export async function predict(model: Uint8Array, inputs: Inputs): Promise<number[]> {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1 });
  const bands = inputs.magnitudes.length / inputs.count;
  const side = Math.sqrt(inputs.images.length / inputs.count / bands);
  const feeds = {
    image: new Tensor('float32', inputs.images, [inputs.count, bands, side, side]),
    magnitudes: new Tensor('float32', inputs.magnitudes, [inputs.count, bands]),
  };
  // Not every network takes magnitudes.
  const taken = Object.entries(feeds).filter(([name]) => session.inputNames.includes(name));
  const [answer] = Object.values(await session.run(Object.fromEntries(taken)));
  await session.release();
  return Array.from(answer!.data as Float32Array);
}

/** Runs a graph with one input `x` and one output `y`; nothing is optimized behind the test's back. */
export async function runSmall(graph: Graph, x: Tensor): Promise<Float32Array> {
  const session = await InferenceSession.create(encodeOnnx(graph, {}), { graphOptimizationLevel: 'disabled' });
  const { y } = await session.run({ x });
  await session.release();
  return y!.data as Float32Array;
}

/** Waves that differ from sample to sample, at the scale of fluxes and centred magnitudes. */
export function waves(config: AstroMaeConfig, count: number): Inputs {
  const pixels = config.bands * config.imageSize ** 2;
  return {
    count,
    images: Float32Array.from(
      { length: count * pixels },
      (_, index) => Math.sin(index * 0.7) + Math.cos(index * 0.011),
    ),
    magnitudes: Float32Array.from({ length: count * config.magnitudes[0]! }, (_, index) => 2 * Math.sin(index * 1.3)),
  };
}

export function largestDifference(left: ArrayLike<number>, right: ArrayLike<number>): number {
  expect(left.length).toBe(right.length);
  return Math.max(...Array.from(left, (value, index) => Math.abs(value - right[index]!)));
}
