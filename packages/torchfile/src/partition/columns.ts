import type { ByteSource } from '@cosmicai/store';
import { openTorchFile, type TorchFile } from '../torch-file.ts';
import { openColumn, type Column } from './column.ts';
import { DEFAULT_SPEC, type PartitionOptions } from './partition-spec.ts';
import { partitionTensors } from './tensor-dataset.ts';

/** The three tensors of a partition, ready for ranged reads. */
export interface PartitionColumns {
  readonly file: TorchFile;
  readonly images: Column;
  readonly magnitudes: Column;
  readonly redshift: Column;
}

/** @throws TorchFileError when the file is not a partition, damaged, or compressed */
export async function openColumns(source: ByteSource, options: PartitionOptions = {}): Promise<PartitionColumns> {
  const { spec = DEFAULT_SPEC, ...reading } = options;
  const file = await openTorchFile(source, reading);
  const tensors = partitionTensors(file, spec);
  const [images, magnitudes, redshift] = await Promise.all([
    openColumn(file, 'images', tensors.images),
    openColumn(file, 'magnitudes', tensors.magnitudes),
    openColumn(file, 'redshifts', tensors.redshift),
  ]);
  return { file, images, magnitudes, redshift };
}
