import type { FiveBands } from './bands.ts';

/** What catalogues say of a galaxy, real or drawn. */
export interface Photometry {
  readonly redshift: number;
  /** Model magnitudes u to z, corrected for Galactic extinction. */
  readonly magnitudes: FiveBands;
  /** Galactic extinction u to z in magnitudes. */
  readonly extinction: FiveBands;
  /** Half-light radius in arcsec, where it is known; drawn from the size-luminosity relation otherwise. */
  readonly radius?: number;
}

/** How a galaxy looks: a de Vaucouleurs bulge and an exponential disc of one shape, each with its own colours. */
export interface Galaxy {
  /** Fluxes at Earth in nanomaggies, u to z, of the bulge and of the disc. */
  readonly bulgeFlux: readonly number[];
  readonly discFlux: readonly number[];
  /** Half-light radii in arcsec, of the circle of the same area. */
  readonly bulgeRadius: number;
  readonly discRadius: number;
  /** Minor over major axis. */
  readonly axisRatio: number;
  /** (cos, sin) of the angle from the x axis to the major axis. */
  readonly direction: readonly [number, number];
}
