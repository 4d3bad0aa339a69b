import { ASTROMAE, imageShape } from '@cosmicai/payload';
import type { ByteSource } from '@cosmicai/store';
import { openPartition, type PartitionSamples } from '@cosmicai/torchfile';
import type { OpenSamplesOptions } from '../format.ts';
import { changed } from '../changed.ts';
import { ID_COLUMN, type ColumnValues, type SampleBatch, type SampleColumn, type SampleSource } from '../source.ts';

const IMAGE = 'image';
const FEATURES = 'magnitudes';

/**
 * A partition as a source. Its tensors have no names, unless `columns` gives them some or it is a dict: the first is `image`,
 * the second `magnitudes`, the third, if there is one, the spec's truth. Arrays pass through as the partition hands them out,
 * without a copy.
 *
 * @throws TorchFileError when the file is something else, damaged, or compressed
 */
export async function openTorchSource(
  file: ByteSource,
  { spec = ASTROMAE, ...options }: OpenSamplesOptions = {},
): Promise<SampleSource> {
  const partition = await openPartition(file, { ...options, spec });
  const named = ({ from, count, images, magnitudes, redshift, id }: PartitionSamples): SampleBatch => ({
    from,
    count,
    values: new Map<string, ColumnValues>([
      [IMAGE, images],
      [FEATURES, magnitudes],
      ...(redshift === null ? [] : [[spec.truth, redshift] as const]),
      ...(id === undefined ? [] : [[ID_COLUMN, id] as const]),
    ]),
  });
  const truth: SampleColumn = { name: spec.truth, type: 'float64', shape: [] };
  return {
    name: partition.name,
    count: partition.count,
    columns: [
      { name: IMAGE, type: 'float32', shape: imageShape(spec.image), parts: spec.image.bands },
      { name: FEATURES, type: 'float64', shape: [spec.features.length], parts: spec.features },
      ...(partition.dtypes.redshift === null ? [] : [truth]),
      ...(partition.idType === null ? [] : [{ name: ID_COLUMN, type: partition.idType, shape: [] }]),
    ],
    read: async (from, to, reading) => named(await partition.read(from, to, reading)),
    batches: (reading) => changed(partition.batches(reading), named),
    unchecked: () => partition.unchecked(),
  };
}
