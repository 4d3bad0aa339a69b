/** Bands u, g, r, i, z: the order of both images and magnitudes. */
export const BANDS = 5;
/** Side of the cutouts handed out, in pixels. */
export const CUTOUT = 32;

/** Consecutive samples of a partition. */
export interface SampleBatch {
  /** Index in the partition of the first sample. */
  readonly from: number;
  readonly count: number;
  /** Fluxes, [count, 5, height, width] in C order; 32 x 32 when read from a partition. */
  readonly images: Float32Array;
  /** [count, 5] */
  readonly magnitudes: Float64Array;
  /** Spectroscopic redshift, [count] */
  readonly redshift: Float64Array;
}
