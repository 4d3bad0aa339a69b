import type { SampleNames } from '@cosmicai/astromae';
import { defined, outputsOf, type ModelSpec } from '@cosmicai/payload';

/** What a spec says that tensors have no names for. */
export function namesIn(spec: ModelSpec): SampleNames {
  const { bands, fit, scaling } = spec.image;
  const [output] = outputsOf(spec);
  return {
    bands,
    features: spec.features,
    image: defined({ fit, scaling }),
    truth: spec.truth,
    ...(output?.kind === 'density' && { grid: output.grid }),
    ...(output?.kind === 'value+sigma' && { sigma: output.sigma_is }),
  };
}
