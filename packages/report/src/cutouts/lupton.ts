/* eslint-disable @typescript-eslint/no-non-null-assertion -- three bands of size x size pixels each, for every pixel */
import { median } from '@cosmicai/metrics';
import { ASTROMAE } from '@cosmicai/payload';

/** How an image's brightness is compressed. */
export interface LuptonOptions {
  /** Factors of the bands before anything else, in the order i, r, g. */
  readonly weights: readonly [number, number, number];
  /** Flux that is black, likewise; before the factors. */
  readonly black: readonly [number, number, number];
  /** Flux that is linear: below it faint detail is kept as it is. */
  readonly stretch: number;
  /** How strongly the bright parts are compressed. */
  readonly softening: number;
}

/** Red, green and blue of the composite are i, r and g, as SDSS does it. */
const RED_GREEN_BLUE = (['i', 'r', 'g'] as const).map((band) => ASTROMAE.image.bands.indexOf(band));
/** The proportions 4.9 : 5.7 : 7.8 that SDSS uses for its pictures, with r as 1: galaxies are redder than eyes expect. */
const SDSS_WEIGHTS = [4.9 / 5.7, 1, 7.8 / 5.7] as const;
const SOFTENING = 8;
/** The faintest structure shown lies this many times the noise above black. */
const NOISE_TO_STRETCH = 12;
/** Width of the border, in pixels. */
const BORDER = 4;
/** Makes the median absolute deviation of Gaussian noise its standard deviation. */
const MAD_TO_SIGMA = 1.4826;

/**
 * A colour composite that keeps the colour of bright pixels: all three bands are scaled by the same factor, an asinh of
 * their mean (Lupton et al. 2004, PASP 116, 133).
 *
 * @param flux band by band as ASTROMAE names them; each size x size, row by row
 * @returns size x size x 3 bytes
 */
export function luptonComposite(
  flux: Float32Array,
  size: number,
  options: LuptonOptions = chosenFor(flux, size),
): Uint8Array {
  const pixels = size * size;
  const { weights, black, stretch, softening } = options;
  const rgb = new Uint8Array(3 * pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const bands = RED_GREEN_BLUE.map((band, at) =>
      Math.max(0, weights[at]! * (flux[band * pixels + pixel]! - black[at]!)),
    );
    const mean = bands.reduce((sum, value) => sum + value, 0) / 3;
    const scale = mean > 0 ? Math.asinh((softening * mean) / stretch) / (softening * mean) : 0;
    const colours = bands.map((value) => value * scale * FULL_SCALE);
    // A band beyond white would change the colour, so all three give way.
    const most = Math.max(1, ...colours);
    colours.forEach((value, at) => (rgb[3 * pixel + at] = Math.round((255 * value) / most)));
  }
  return rgb;
}

/** asinh(SOFTENING * 10) / SOFTENING is about 0.63: ten times the stretch is then nearly white. */
const FULL_SCALE = 1.55;

/** Black at the sky's median and stretch at a multiple of its noise; the frame's border counts as sky. */
function chosenFor(flux: Float32Array, size: number): LuptonOptions {
  const pixels = size * size;
  const border = Array.from({ length: pixels }, (_, pixel) => pixel).filter((pixel) =>
    [pixel % size, Math.floor(pixel / size)].some((place) => place < BORDER || place >= size - BORDER),
  );
  const skies = RED_GREEN_BLUE.map((band) => {
    const values = border.map((pixel) => flux[band * pixels + pixel]!).filter(Number.isFinite);
    const middle = values.length === 0 ? 0 : median(values);
    return {
      middle,
      sigma: MAD_TO_SIGMA * (values.length === 0 ? 0 : median(values.map((each) => Math.abs(each - middle)))),
    };
  });
  const sigma = Math.max(...skies.map((sky, at) => SDSS_WEIGHTS[at]! * sky.sigma));
  return {
    weights: SDSS_WEIGHTS,
    black: [skies[0]!.middle, skies[1]!.middle, skies[2]!.middle],
    stretch: sigma > 0 ? NOISE_TO_STRETCH * sigma : 1,
    softening: SOFTENING,
  };
}
