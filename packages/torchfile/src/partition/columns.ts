import type { ByteSource } from '@cosmicai/store';
import { openTorchFile, type TorchFile } from '../torch-file.ts';
import { openColumn, type Column } from './column.ts';
import { idsOf, type IdColumn } from './id-column.ts';
import { DEFAULT_SPEC, type PartitionOptions } from './partition-spec.ts';
import type { SavedTensors } from './saved-tensors.ts';
import { isTensor, partitionTensors } from './tensor-dataset.ts';

/** What a partition has, ready for ranged reads. */
export interface PartitionColumns {
  readonly file: TorchFile;
  readonly images: Column;
  readonly magnitudes: Column;
  readonly redshift: Column | null;
  readonly id: IdColumn | null;
  /** Everything that was saved in the file. */
  readonly saved: SavedTensors;
}

/** @throws TorchFileError when the file is not a partition, damaged, or compressed */
export async function openColumns(source: ByteSource, options: PartitionOptions = {}): Promise<PartitionColumns> {
  const { spec = DEFAULT_SPEC, columns: names, ...reading } = options;
  const file = await openTorchFile(source, reading);
  const tensors = partitionTensors(file, spec, names);
  const [images, magnitudes, redshift, id] = await Promise.all([
    openColumn(file, 'images', tensors.images),
    openColumn(file, 'magnitudes', tensors.magnitudes),
    tensors.redshift && openColumn(file, 'redshifts', tensors.redshift),
    tensors.id && isTensor(tensors.id) ? openColumn(file, 'ids', tensors.id) : tensors.id,
  ]);
  return { file, images, magnitudes, redshift, id: id && idsOf(id), saved: tensors.saved };
}
