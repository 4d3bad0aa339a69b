import { itemAt } from '@cosmicai/payload';
import { R_BAND, nanomaggies } from './bands.ts';
import { calibration } from './calibration.ts';
import type { GalaxyRandom } from './galaxy-random.ts';
import { exp } from './portable-math.ts';
import type { Source } from './source.ts';
import { STAMP } from './stamp.ts';

const { galaxies, stars } = calibration.neighbours;
const KINDS = [galaxies, { ...stars, radius: undefined }];
/** The spectroscopic targets have no bright object on top of them (fibre collisions, deblending): brighter ones are left out. */
const BRIGHTEST_OVER_TARGET = 0.3;

/** Chance neighbours on the stamp: stars and faint galaxies at their mean density on the sky to r = 22. */
export function drawNeighbours(targetR: number, random: GalaxyRandom): Source[] {
  const found: Source[] = [];
  for (const kind of KINDS) {
    const count = drawCount(kind.perPixel * STAMP * STAMP, random);
    for (let k = 0; k < count; k++) {
      const x = random.uniform() * STAMP - 0.5;
      const y = random.uniform() * STAMP - 0.5;
      const r = random.fromQuantiles(kind.r);
      const { offset, scatter } = kind.colours;
      const flux = offset.map((colour, band) =>
        nanomaggies(r + colour + (band === R_BAND ? 0 : itemAt(scatter, band) * random.truncatedNormal(2))),
      );
      const axisRatio = 0.3 + 0.7 * random.uniform();
      const direction = random.direction();
      const radius = kind.radius === undefined ? 0 : random.fromQuantiles(kind.radius);
      if (r < targetR - 2.5 * BRIGHTEST_OVER_TARGET) continue;
      found.push({ x, y, profile: radius === 0 ? 'point' : 'exponential', flux, radius, axisRatio, direction });
    }
  }
  return found;
}

/** Poisson number of a small mean, by multiplying uniforms (Knuth). */
function drawCount(mean: number, random: GalaxyRandom): number {
  const limit = exp(-mean);
  let product = random.uniform();
  let count = 0;
  while (product > limit) {
    product *= random.uniform();
    count++;
  }
  return count;
}
