import { calibration } from './calibration.ts';
import type { GalaxyRandom } from './galaxy-random.ts';
import { exp } from './portable-math.ts';

/** Side of an SDSS pixel in arcsec. */
export const PIXEL_SCALE = 0.396;

/** One round Gaussian of a point-spread function: its share of the light and its variance in pixels². */
export interface PointSpreadTerm {
  readonly share: number;
  readonly variance: number;
}

/** State of sky and atmosphere while a galaxy was observed, u to z. */
export interface Conditions {
  readonly pointSpread: readonly (readonly PointSpreadTerm[])[];
  /** Standard deviation of sky and read-out noise in nanomaggies a pixel. */
  readonly skySigma: readonly number[];
}

const { bands, seeingScatter, skyScatter } = calibration.instrument;

/** Seeing varies mostly alike in all bands, since they are observed within minutes; the sky's brightness for itself. */
export function drawConditions(random: GalaxyRandom): Conditions {
  const seeing = exp(seeingScatter * random.truncatedNormal(3));
  const pointSpread = bands.map(({ fwhm, sigmaOfFwhm, coreFlux, wingRatio }) => {
    const own = exp((seeingScatter / 3) * random.truncatedNormal(3));
    const sigma = (fwhm * seeing * own * sigmaOfFwhm) / PIXEL_SCALE;
    const variance = sigma * sigma;
    return [
      { share: coreFlux, variance },
      { share: 1 - coreFlux, variance: variance * wingRatio * wingRatio },
    ];
  });
  const skySigma = bands.map((band) => band.skySigma * exp(skyScatter * random.truncatedNormal(3)));
  return { pointSpread, skySigma };
}
