import { ASTROMAE, imageShape } from '@cosmicai/payload';
import type { ByteSource } from '@cosmicai/store';
import { openPartition, type PartitionBatch } from '@cosmicai/torchfile';
import type { OpenSamplesOptions } from '../format.ts';
import { changed } from '../changed.ts';
import type { ColumnValues, SampleBatch, SampleSource } from '../source.ts';

const IMAGE = 'image';
const FEATURES = 'magnitudes';

/**
 * A partition as a source. Its tensors have no names: the first is `image`, the second `magnitudes`, the third the spec's
 * truth. Arrays pass through as the partition hands them out, without a copy.
 *
 * @throws TorchFileError when the file is something else, damaged, or compressed
 */
export async function openTorchSource(
  file: ByteSource,
  { spec = ASTROMAE, ...options }: OpenSamplesOptions = {},
): Promise<SampleSource> {
  const partition = await openPartition(file, { ...options, spec });
  const named = ({ from, count, images, magnitudes, redshift }: PartitionBatch): SampleBatch => ({
    from,
    count,
    values: new Map<string, ColumnValues>([
      [IMAGE, images],
      [FEATURES, magnitudes],
      [spec.truth, redshift],
    ]),
  });
  return {
    name: partition.name,
    count: partition.count,
    columns: [
      { name: IMAGE, type: 'float32', shape: imageShape(spec.image), parts: spec.image.bands },
      { name: FEATURES, type: 'float64', shape: [spec.features.length], parts: spec.features },
      { name: spec.truth, type: 'float64', shape: [] },
    ],
    read: async (from, to, reading) => named(await partition.read(from, to, reading)),
    batches: (reading) => changed(partition.batches(reading), named),
    unchecked: () => partition.unchecked(),
  };
}
