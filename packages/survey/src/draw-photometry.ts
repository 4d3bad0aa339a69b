/* eslint-disable @typescript-eslint/no-non-null-assertion -- the calibration has as many rows, columns and bounds as it has dimensions */
import type { FiveBands } from './bands.ts';
import { calibration } from './calibration.ts';
import type { GalaxyRandom } from './galaxy-random.ts';
import type { Photometry } from './galaxy.ts';
import { exp } from './portable-math.ts';

const { joint, extinction } = calibration;
const DIMENSIONS = 6;
const CUMULATIVE = joint.weights.map((_, k) => joint.weights.slice(0, k + 1).reduce((sum, weight) => sum + weight, 0));

/**
 * Draws redshift, magnitudes free of error and extinction, from the mixture fitted to real galaxies. Draws outside the
 * range of the real ones are drawn again.
 */
export function drawPhotometry(random: GalaxyRandom): Photometry {
  const features = drawFeatures(random);
  const [lnRedshift, ug, gr, ri, iz, r] = features as [number, number, number, number, number, number];
  const extinctionR = random.fromQuantiles(extinction.r);
  return {
    redshift: exp(lnRedshift),
    magnitudes: [r + gr + ug, r + gr, r, r - ri, r - ri - iz],
    extinction: extinction.ratio.map((ratio) => ratio * extinctionR) as unknown as FiveBands,
  };
}

function drawFeatures(random: GalaxyRandom): number[] {
  for (;;) {
    const u = random.uniform() * CUMULATIVE.at(-1)!;
    const component = CUMULATIVE.findIndex((bound) => u < bound);
    const normals = Array.from({ length: DIMENSIONS }, () => random.normal());
    const mean = joint.means[component]!;
    const triangle = joint.cholesky[component]!;
    const features = mean.map((value, row) => {
      let sum = value;
      const offset = (row * (row + 1)) / 2;
      for (let column = 0; column <= row; column++) sum += triangle[offset + column]! * normals[column]!;
      return sum;
    });
    if (features.every((value, k) => value >= joint.lower[k]! && value <= joint.upper[k]!)) return features;
  }
}
