/* eslint-disable @typescript-eslint/no-non-null-assertion -- lists have one number for each band or coefficient */
import { nanomaggies } from './bands.ts';
import { calibration } from './calibration.ts';
import { arcsecPerKpc, distanceModulus } from './cosmology.ts';
import { type GalaxyRandom, quantileAt } from './galaxy-random.ts';
import type { Galaxy, Photometry } from './galaxy.ts';
import { exp, log } from './portable-math.ts';

const LN_10 = 2.302585092994046;
// Place between the blue edge (0) and the red sequence (1) at which early types begin to prevail, and the overlap.
const DIVIDING_PLACE = 0.75;
const DIVIDING_WIDTH = 0.07;
// Discs seen edge-on are reddened by their dust (Maller et al. 2009, ApJ 691, 394: 0.1 to 0.15 mag in g - r, a correlation of
// about 0.4 with the spread of disc colours, whose middle and width follow).
const INCLINATION_CORRELATION = 0.4;
const DISC_PLACE = 0.4;
const DISC_SPREAD = 0.25;
// A bulge is redder than its disc by about this much in m_band - m_r, u to z (colour gradients: Kim and Ann 1990; La Barbera
// et al. 2005 give 0.1 to 0.3 mag across the optical).
const BULGE_COLOUR = [0.4, 0.2, 0, -0.08, -0.14] as const;
// In spirals the bulge is much smaller than the disc.
const LATE_BULGE_RADIUS = 0.4;
const SMALLEST_RADIUS = 0.2;
const LARGEST_RADIUS = 20;
const THINNEST = 0.08;

/** Draws how a galaxy of this photometry looks. */
export function drawGalaxy(photometry: Photometry, random: GalaxyRandom): Galaxy {
  const { magnitudes, extinction } = photometry;
  const place = placeBetweenTracks(photometry);
  const early = random.uniform() < 1 / (1 + exp((DIVIDING_PLACE - place) / DIVIDING_WIDTH));
  const { axisRatioEarly, axisRatioLate, bulgeEarly, bulgeLate } = calibration.shapes;
  const bulgeInR = random.fromQuantiles(early ? bulgeEarly : bulgeLate);
  const axisRatio = early ? random.fromQuantiles(axisRatioEarly) : drawDiscAxisRatio(place, axisRatioLate, random);
  const drawnRadius = drawRadius(photometry, early, random);
  const radius = Math.min(Math.max(photometry.radius ?? drawnRadius, SMALLEST_RADIUS), LARGEST_RADIUS);
  const gradient = 0.5 + random.uniform();
  const flux = magnitudes.map((magnitude, band) => nanomaggies(magnitude + extinction[band]!));
  const bulgeFlux = flux.map((total, band) => {
    // The bulge's share of r, made redder: odds shift by the colour difference; the total stays.
    const bulge = bulgeInR * exp((-LN_10 / 2.5) * gradient * BULGE_COLOUR[band]!);
    return (total * bulge) / (bulge + 1 - bulgeInR);
  });
  return {
    bulgeFlux,
    discFlux: flux.map((total, band) => total - bulgeFlux[band]!),
    bulgeRadius: early ? radius : radius * LATE_BULGE_RADIUS,
    discRadius: radius,
    axisRatio: Math.max(axisRatio, THINNEST),
    direction: random.direction(),
  };
}

/** g - r among galaxies of the same redshift, so in effect in the rest frame: 0 at the blue edge, 1 on the red sequence. */
function placeBetweenTracks({ redshift, magnitudes: [, g, r] }: Photometry): number {
  const { red, blue, farthest } = calibration.colourTracks;
  const z = Math.min(redshift, farthest);
  const bluest = blue[0]! + blue[1]! * z;
  const reddest = red[0]! + z * (red[1]! + z * red[2]!);
  return (g - r - bluest) / (reddest - bluest);
}

/** Redder discs are more inclined on average; taken over all discs, axis ratios keep their distribution. */
function drawDiscAxisRatio(place: number, axisRatios: readonly number[], random: GalaxyRandom): number {
  const colour = Math.min(Math.max((place - DISC_PLACE) / DISC_SPREAD, -2.5), 2.5);
  const rank =
    Math.sqrt(1 - INCLINATION_CORRELATION * INCLINATION_CORRELATION) * random.normal() -
    INCLINATION_CORRELATION * colour;
  // Logistic approximation of the normal distribution function, error below 0.01.
  return quantileAt(axisRatios, 1 / (1 + exp(-1.702 * rank)));
}

/**
 * Half-light radius in arcsec from the size-luminosity relations of SDSS galaxies (Shen et al. 2003, MNRAS 343, 978, table 1
 * with figures 4 and 6): log-normal about a mean that rises with luminosity. So apparent size tells of distance, as it does in the sky.
 */
function drawRadius(photometry: Photometry, early: boolean, random: GalaxyRandom): number {
  // A catalogue's galaxy with a radius of its own may be at 0 or below, where no distance has a logarithm.
  const redshift = Math.max(photometry.redshift, 1e-9);
  const [, g, r] = photometry.magnitudes;
  // K-correction in r, linear in colour; within 0.1 mag of Chilingarian et al. (2010, MNRAS 405, 1409) below z = 0.3.
  const correction = redshift * (1.2 * Math.min(Math.max(g - r, 0.2), 1.8) - 0.2);
  const absolute = r - distanceModulus(redshift) - correction;
  const knee = 1 + exp(-0.4 * LN_10 * (absolute + 20.91));
  const logKpc = early ? -0.4 * 0.6 * absolute - 4.63 : -0.4 * 0.21 * absolute + (0.32 / LN_10) * log(knee) - 1.53;
  const scatter = 0.25 + 0.23 / (1 + exp(-0.8 * LN_10 * (absolute + 20.91)));
  return exp(LN_10 * logKpc + scatter * random.truncatedNormal(2.5)) * arcsecPerKpc(redshift);
}
