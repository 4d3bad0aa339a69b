/* eslint-disable @typescript-eslint/no-non-null-assertion -- indices lie between 0 and STEPS; a lookup for each galaxy drawn */
import { log } from './portable-math.ts';

/** Flat Lambda-CDM: H0 = 70 km/s/Mpc, matter density 0.3. */
const HUBBLE_DISTANCE_MPC = 299_792.458 / 70;
const MATTER = 0.3;
const LARGEST_REDSHIFT = 1.5;
const STEPS = 3000;
const STEP = LARGEST_REDSHIFT / STEPS;
const ARCSEC_PER_RADIAN = 206_264.80624709636;
const LN_10 = 2.302585092994046;

/** Comoving distance in Mpc at k times STEP, by the trapezoidal rule (relative error below 1e-7). */
const COMOVING = comovingDistances();

function comovingDistances(): Float64Array {
  const inverseRate = (z: number): number => 1 / Math.sqrt(MATTER * (1 + z) * (1 + z) * (1 + z) + 1 - MATTER);
  const distances = new Float64Array(STEPS + 1);
  for (let k = 1; k <= STEPS; k++) {
    const slice = 0.5 * STEP * (inverseRate((k - 1) * STEP) + inverseRate(k * STEP));
    distances[k] = distances[k - 1]! + HUBBLE_DISTANCE_MPC * slice;
  }
  return distances;
}

/** Mpc; redshifts above 1.5 count as 1.5. */
function comovingDistance(z: number): number {
  const place = Math.min(z / STEP, STEPS - 1e-9);
  const below = Math.floor(place);
  return COMOVING[below]! + (place - below) * (COMOVING[below + 1]! - COMOVING[below]!);
}

/** Angle in arcsec of a length of 1 kpc across the line of sight. */
export function arcsecPerKpc(z: number): number {
  return (ARCSEC_PER_RADIAN * (1 + z)) / (comovingDistance(z) * 1000);
}

/** Apparent minus absolute magnitude, without K-correction. */
export function distanceModulus(z: number): number {
  return (5 / LN_10) * log(comovingDistance(z) * (1 + z)) + 25;
}
