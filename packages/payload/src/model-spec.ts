/** What a model takes of a sample and what its answer is compared with, by name. */
export interface ModelSpec {
  readonly image: ImageSpec;
  /** The numbers beside the image, in order. */
  readonly features: readonly string[];
  /** The column of true values. */
  readonly truth: string;
}

/** Images of samples: square, [bands, side, side]. */
export interface ImageSpec {
  readonly bands: readonly string[];
  /** Pixels along an edge. */
  readonly side: number;
}

/** SDSS cutouts in nanomaggies, and their magnitudes: what AstroMAE takes, and every model so far. */
export const ASTROMAE = {
  image: { bands: ['u', 'g', 'r', 'i', 'z'], side: 32 },
  features: ['mag_u', 'mag_g', 'mag_r', 'mag_i', 'mag_z'],
  truth: 'redshift',
} as const satisfies ModelSpec;

/** [bands, side, side] */
export function imageShape({ bands, side }: ImageSpec): readonly [bands: number, height: number, width: number] {
  return [bands.length, side, side];
}

/** Pixels of a sample, in all its bands. */
export function imagePixels({ bands, side }: ImageSpec): number {
  return bands.length * side * side;
}
