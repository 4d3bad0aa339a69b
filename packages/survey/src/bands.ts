import { ASTROMAE } from '@cosmicai/payload';
import { exp } from './portable-math.ts';

/** SDSS's. */
export const BANDS = ASTROMAE.image.bands;
export const BAND_COUNT = BANDS.length;
/** Place of r in BANDS. */
export const R_BAND = 2;

/** A number for each of BANDS. */
export type FiveBands = readonly [u: number, g: number, r: number, i: number, z: number];

const LN_10 = 2.302585092994046;

/** Pogson's law with SDSS's zero point: 1 nanomaggy is 22.5 mag. */
export function nanomaggies(magnitude: number): number {
  return exp((22.5 - magnitude) * (LN_10 / 2.5));
}
