/** Consecutive samples of a partition. */
export interface PartitionBatch {
  /** Index in the partition of the first sample. */
  readonly from: number;
  readonly count: number;
  /** Fluxes, [count, bands, height, width] in C order; cut to the side asked for when read from a partition. */
  readonly images: Float32Array;
  /** [count, features] */
  readonly magnitudes: Float64Array;
  /** Spectroscopic redshift, [count] */
  readonly redshift: Float64Array;
}
