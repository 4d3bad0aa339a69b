import type { NetworkConfig } from './config.ts';
import { elementCount, floats, type FloatTensor } from './graph/graph.ts';
import { weightSpecs, type WeightSpec, type Weights } from './weights.ts';

/**
 * Weights of a given configuration that keep activations at natural scale: the same for the same seed on every machine.
 * For tests and benchmarks; such a model predicts nothing.
 */
export function randomWeights(config: NetworkConfig, seed: number): Weights {
  const uniform = uniformNumbers(seed);
  return new Map(weightSpecs(config).map((spec) => [spec.name, draw(spec, uniform)]));
}

function draw(spec: WeightSpec, uniform: () => number): FloatTensor {
  const data = new Float32Array(elementCount(spec.dims));
  const [center, spread] = distribution(spec);
  for (let index = 0; index < data.length; index++) {
    data[index] = center + spread * (2 * uniform() - 1);
  }
  return floats(spec.dims, data);
}

/** Center and half-width of the uniform distribution of a tensor's entries. */
function distribution({ name, dims }: WeightSpec): [number, number] {
  if (name.endsWith('running_var') || (name.endsWith('.weight') && dims.length === 1)) {
    return [1, 0.5];
  }
  if (name.endsWith('.weight')) {
    // Keeps the variance of what goes through: Var(U(-a, a)) = a^2 / 3.
    return [0, Math.sqrt(3 / elementCount(dims.slice(1)))];
  }
  return [0, 0.1];
}

/** mulberry32: 32 bits of state are plenty for test weights, and it is the same everywhere. */
function uniformNumbers(seed: number): () => number {
  const { imul } = Math;
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
