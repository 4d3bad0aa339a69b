import { exp } from './portable-math.ts';

/** Bands u, g, r, i, z. */
export const BAND_COUNT = 5;
export const R_BAND = 2;

export type FiveBands = readonly [u: number, g: number, r: number, i: number, z: number];

const LN_10 = 2.302585092994046;

/** Pogson's law with SDSS's zero point: 1 nanomaggy is 22.5 mag. */
export function nanomaggies(magnitude: number): number {
  return exp((22.5 - magnitude) * (LN_10 / 2.5));
}
