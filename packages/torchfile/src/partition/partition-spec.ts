import { ASTROMAE, type ModelSpec, type PartitionColumn } from '@cosmicai/payload';
import type { TorchFileOptions } from '../torch-file.ts';

/** Bands and side of the images that are handed out of a partition, and the numbers beside them. */
export type PartitionSpec = Pick<ModelSpec, 'image' | 'features'>;

export interface PartitionOptions extends TorchFileOptions {
  /** Default: ASTROMAE. */
  readonly spec?: PartitionSpec;
  /** What the tensors of a TensorDataset are, in order. Default: images, magnitudes and, where there is a third, redshift. */
  readonly columns?: readonly PartitionColumn[] | undefined;
}

export const DEFAULT_SPEC: PartitionSpec = ASTROMAE;
