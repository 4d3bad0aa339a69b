import type { Galaxy } from './galaxy.ts';

/** Light of one profile at one place on the stamp. */
export interface Source {
  /** Centre in pixels of the stamp; (0, 0) is the centre of the first pixel. */
  readonly x: number;
  readonly y: number;
  readonly profile: 'exponential' | 'deVaucouleurs' | 'point';
  /** Nanomaggies, u to z. */
  readonly flux: readonly number[];
  /** Half-light radius in arcsec of the circle of the same area; 0 for a point. */
  readonly radius: number;
  readonly axisRatio: number;
  readonly direction: readonly [number, number];
}

/** A galaxy's bulge and disc at a place. */
export function sourcesOf(galaxy: Galaxy, x: number, y: number): Source[] {
  const { axisRatio, direction, bulgeFlux, discFlux, bulgeRadius, discRadius } = galaxy;
  const shape = { x, y, axisRatio, direction };
  const sources: Source[] = [];
  if (bulgeFlux.some((flux) => flux > 0)) {
    sources.push({ ...shape, profile: 'deVaucouleurs', flux: bulgeFlux, radius: bulgeRadius });
  }
  if (discFlux.some((flux) => flux > 0)) {
    sources.push({ ...shape, profile: 'exponential', flux: discFlux, radius: discRadius });
  }
  return sources;
}
