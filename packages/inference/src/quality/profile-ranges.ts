import { isPlaceholderMagnitude, isUsableTruth, type TrainedRanges } from '@cosmicai/payload';
import type { Galaxies } from '@cosmicai/samples';

/** Measures the ranges of magnitudes and true redshifts in galaxies that a model was trained on; what stands for "unknown" is left out. */
export class RangeProfile {
  readonly #low: number[] = [];
  readonly #high: number[] = [];
  #redshift: [number, number] = [Infinity, -Infinity];
  galaxies = 0;

  add({ count, magnitudes, redshift }: Pick<Galaxies, 'count' | 'magnitudes' | 'redshift'>): void {
    if (count === 0) return;
    this.galaxies += count;
    const bands = magnitudes.length / count;
    for (const [at, magnitude] of magnitudes.entries()) {
      if (!Number.isFinite(magnitude) || isPlaceholderMagnitude(magnitude)) continue;
      const band = at % bands;
      this.#low[band] = Math.min(this.#low[band] ?? Infinity, magnitude);
      this.#high[band] = Math.max(this.#high[band] ?? -Infinity, magnitude);
    }
    for (const z of redshift ?? []) {
      if (isUsableTruth(z)) this.#redshift = [Math.min(this.#redshift[0], z), Math.max(this.#redshift[1], z)];
    }
  }

  /** @returns undefined where a band or the redshift had no usable value */
  finish(bands: number): TrainedRanges | undefined {
    const magnitudes = Array.from({ length: bands }, (_, band): [number, number] | undefined => {
      const [low, high] = [this.#low[band], this.#high[band]];
      return low === undefined || high === undefined ? undefined : [low, high];
    });
    const [least, most] = this.#redshift;
    if (least > most || magnitudes.includes(undefined)) return undefined;
    return { magnitudes: magnitudes.filter((range) => range !== undefined), redshift: [least, most] };
  }
}
