import { itemAt } from '@cosmicai/payload';
import { calibration } from './calibration.ts';
import type { GalaxyRandom } from './galaxy-random.ts';
import type { Photometry } from './galaxy.ts';
import { exp } from './portable-math.ts';

/** No real galaxy of the fit is fainter in u than such an error allows. */
const LARGEST_ERROR = 1;

/**
 * Magnitudes as a survey would measure them: the true ones plus normal errors, whose size follows from the brightness at
 * Earth (extinction included) as it does for real galaxies. Corrected for extinction, as the true ones are.
 */
export function measureMagnitudes(photometry: Photometry, random: GalaxyRandom): number[] {
  return photometry.magnitudes.map((magnitude, band) => {
    const { coefficients, scatter, brightest, faintest } = itemAt(calibration.magnitudeErrors, band);
    const observed = Math.min(Math.max(magnitude + itemAt(photometry.extinction, band), brightest), faintest) - 18;
    const [c0, c1, c2] = coefficients as [number, number, number];
    const lnError = c0 + observed * (c1 + observed * c2) + scatter * random.truncatedNormal(3);
    return magnitude + Math.min(exp(lnError), LARGEST_ERROR) * random.normal();
  });
}
