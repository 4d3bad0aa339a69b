/** Consecutive samples of a partition whose redshifts are known, as they are written. */
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

/** Names of objects: whole numbers or text. */
export type ObjectIds = BigInt64Array | readonly string[];

/** Consecutive samples as they are read. */
export interface PartitionSamples extends Omit<PartitionBatch, 'redshift'> {
  /** Spectroscopic redshift, [count]; null: the partition has none. */
  readonly redshift: Float64Array | null;
  /** Names of the objects, [count]; absent where the partition has none. */
  readonly id?: ObjectIds;
}
