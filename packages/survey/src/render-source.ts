/* eslint-disable @typescript-eslint/no-non-null-assertion -- loops over terms and pixels of the window */
import { calibration } from './calibration.ts';
import { PIXEL_SCALE, type PointSpreadTerm } from './point-spread.ts';
import { exp } from './portable-math.ts';
import type { Source } from './source.ts';
import { STAMP, type Window } from './stamp.ts';

// Taken out of the global object once: looking them up there takes longer than they do.
const { ceil, floor, max, min, sqrt } = Math;

/** Light fainter than e^-12 of a Gaussian's peak is left out: below a tenth of the sky noise even beside the brightest cores. */
const FAINTEST_EXPONENT = 12;
/** Terms with more than this many times the variance of the wings are blurred by one Gaussian of the mean variance: 0.3 % off. */
const WIDE = 8;
const TWO_PI = 6.283185307179586;

const PROFILE_TERMS = {
  exponential: calibration.profiles.exponential,
  deVaucouleurs: calibration.profiles.deVaucouleurs,
  point: { flux: [1], variance: [0] },
};

/**
 * Adds a source to one band of a window. Profile and point spread are sums of Gaussians, so that the convolution is a sum of
 * Gaussians too (idea: Hogg and Lang 2013, PASP 125, 719). The point spread holds the pixel's own width, as SDSS's does.
 *
 * @param image [side, side] of the window, row by row, nanomaggies
 */
export function renderSource(
  image: Float64Array,
  window: Window,
  source: Source,
  band: number,
  pointSpread: readonly PointSpreadTerm[],
): void {
  const flux = source.flux[band]!;
  const scale = source.radius / PIXEL_SCALE;
  const [cosine, sine] = source.direction;
  // Variances along the major and minor axis for a unit variance of the profile; the area stays that of the circle.
  const major = (scale * scale) / source.axisRatio;
  const minor = scale * scale * source.axisRatio;
  const xx = major * cosine * cosine + minor * sine * sine;
  const yy = major * sine * sine + minor * cosine * cosine;
  const xy = (major - minor) * cosine * sine;
  const terms = PROFILE_TERMS[source.profile];
  const mean = pointSpread.reduce((sum, term) => sum + term.share * term.variance, 0);
  const widest = pointSpread.reduce((most, term) => max(most, term.variance), 0);
  for (let term = 0; term < terms.flux.length; term++) {
    const variance = terms.variance[term]!;
    const light = flux * terms.flux[term]!;
    const a = variance * xx;
    const b = variance * yy;
    const c = variance * xy;
    if (variance * minor > WIDE * widest) {
      addGaussian(image, window, source.x, source.y, light, a + mean, b + mean, c);
    } else {
      for (const blur of pointSpread) {
        addGaussian(image, window, source.x, source.y, light * blur.share, a + blur.variance, b + blur.variance, c);
      }
    }
  }
}

/**
 * Along a row, neighbouring values of a Gaussian have ratios that themselves fall by a constant ratio, so that a pixel
 * costs two multiplications. Each row starts at its brightest pixel on the stamp: values only fall from there, and
 * don't depend on the window.
 */
function addGaussian(
  image: Float64Array,
  window: Window,
  x: number,
  y: number,
  flux: number,
  xx: number,
  yy: number,
  xy: number,
): void {
  const determinant = xx * yy - xy * xy;
  const a = yy / determinant;
  const slope = xy / yy;
  const peak = flux / (TWO_PI * sqrt(determinant));
  const { first, side } = window;
  const last = first + side - 1;
  const reach = sqrt(2 * FAINTEST_EXPONENT * yy);
  const firstRow = max(first, ceil(y - reach));
  const lastRow = min(last, floor(y + reach));
  const step = exp(-a);
  for (let row = firstRow; row <= lastRow; row++) {
    const dy = row - y;
    // The exponent is a (column - centre)² / 2 + rest.
    const centre = x + slope * dy;
    const rest = (dy * dy) / (2 * yy);
    const width = sqrt(max(0, (2 * (FAINTEST_EXPONENT - rest)) / a));
    const from = max(first, ceil(centre - width));
    const to = min(last, floor(centre + width));
    if (from > to) continue;
    const start = min(max(floor(centre + 0.5), 0), STAMP - 1);
    const offset = start - centre;
    const value = peak * exp(-0.5 * a * offset * offset - rest);
    const ratio = exp(-a * (offset + 0.5));
    const base = (row - first) * side - first;
    let current = value;
    let fall = ratio;
    let column = start;
    for (; column < from; column++) {
      current *= fall;
      fall *= step;
    }
    for (; column <= to; column++) {
      image[base + column]! += current;
      current *= fall;
      fall *= step;
    }
    fall = step / ratio;
    current = value * fall;
    column = start - 1;
    for (; column > to; column--) {
      fall *= step;
      current *= fall;
    }
    for (; column >= from; column--) {
      image[base + column]! += current;
      fall *= step;
      current *= fall;
    }
  }
}
