import type { Predictor } from '@cosmicai/inference';
import type { Galaxies } from '@cosmicai/samples';

/** Galaxies and what the model answered for them. */
export interface Predicted {
  readonly galaxies: Galaxies;
  readonly before: Float32Array;
}

/** What another predictor answers for the same galaxies. */
export async function predictAgain(
  predictor: Predictor,
  predicted: readonly Predicted[],
  onProgress?: (done: number, total: number) => void,
): Promise<Float32Array> {
  const after: Float32Array[] = [];
  const total = predicted.reduce((sum, { galaxies }) => sum + galaxies.count, 0);
  let done = 0;
  for (const { galaxies } of predicted) {
    after.push(await predictor.predict(galaxies));
    onProgress?.((done += galaxies.count), total);
  }
  return joined(after);
}

export function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
