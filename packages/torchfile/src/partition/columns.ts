import type { ByteSource } from '../byte-source.ts';
import type { TorchFileLimits } from '../limits.ts';
import { openTorchFile } from '../torch-file.ts';
import { openColumn, type Column } from './column.ts';
import { partitionTensors } from './tensor-dataset.ts';

/** The three tensors of a partition, ready for ranged reads. */
export interface PartitionColumns {
  readonly images: Column;
  readonly magnitudes: Column;
  readonly redshift: Column;
}

/** @throws TorchFileError when the file is no partition, damaged, or compressed */
export async function openColumns(
  source: ByteSource,
  limits: Partial<TorchFileLimits> = {},
): Promise<PartitionColumns> {
  const file = await openTorchFile(source, limits);
  const tensors = partitionTensors(file);
  const [images, magnitudes, redshift] = await Promise.all([
    openColumn(file, 'images', tensors.images),
    openColumn(file, 'magnitudes', tensors.magnitudes),
    openColumn(file, 'redshifts', tensors.redshift),
  ]);
  return { images, magnitudes, redshift };
}
