import { Readable } from 'node:stream';
import { imageShape as shapeOf, itemAt } from '@cosmicai/payload';
import type { ObjectStore, ReadOptions, WrittenObject } from '@cosmicai/store';
import { DEFAULT_SPEC } from '../partition/partition-spec.ts';
import type { PartitionBatch } from '../partition/partition-batch.ts';
import { littleEndianBytes } from '../tensor/bytes.ts';
import { countOf } from '../tensor/layout.ts';
import { storageBytes, tensorDatasetPickle, type DatasetTensor } from './tensor-dataset-pickle.ts';
import { torchFileSize, torchFileStream } from './torch-file-stream.ts';

/** Shape of a partition to be written. */
export interface PartitionShape {
  /** Samples; the batches must add up to it. */
  readonly count: number;
  /** [bands, height, width], default: ASTROMAE's. There is a magnitude for each band. */
  readonly imageShape?: readonly [bands: number, height: number, width: number];
  /** Default float64, as published partitions have. */
  readonly magnitudesDtype?: 'float64' | 'float32';
  /** Default float64. */
  readonly redshiftDtype?: 'float64' | 'float32';
}

/** Types and shapes of images, magnitudes and redshift. */
function partitionLayout(shape: PartitionShape): [DatasetTensor, DatasetTensor, DatasetTensor] {
  const {
    count,
    imageShape = shapeOf(DEFAULT_SPEC.image),
    magnitudesDtype = 'float64',
    redshiftDtype = 'float64',
  } = shape;
  return [
    { dtype: 'float32', shape: [count, ...imageShape] },
    { dtype: magnitudesDtype, shape: [count, imageShape[0]] },
    { dtype: redshiftDtype, shape: [count] },
  ];
}

/** Bytes of the file that `partitionStream` gives for this shape. */
export function partitionSize(shape: PartitionShape): number {
  const layout = partitionLayout(shape);
  const sizes = layout.map((tensor, index) => ({ name: String(index), size: storageBytes(tensor) }));
  return torchFileSize(tensorDatasetPickle(layout), sizes);
}

/**
 * Bytes of a partition file. Images pass through as they come; magnitudes and redshifts (at most 48 bytes a sample) are
 * held until the images are out. Batches must come in order, without gaps, from sample 0; the last may be short.
 *
 * @throws RangeError when the batches are not those announced
 */
export async function* partitionStream(
  shape: PartitionShape,
  batches: AsyncIterable<PartitionBatch> | Iterable<PartitionBatch>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const layout = partitionLayout(shape);
  const [images, magnitudes, redshift] = layout;
  const pixels = countOf(images.shape.slice(1));
  const features = itemAt(magnitudes.shape, 1);
  const held = [magnitudes, redshift].map(({ dtype, shape: size }) =>
    dtype === 'float32' ? new Float32Array(countOf(size)) : new Float64Array(countOf(size)),
  ) as [Float32Array | Float64Array, Float32Array | Float64Array];

  async function* imageBytes(): AsyncGenerator<Uint8Array> {
    let done = 0;
    for await (const batch of batches) {
      checkBatch(batch, done, pixels, features, shape.count);
      held[0].set(batch.magnitudes, done * features);
      held[1].set(batch.redshift, done);
      done += batch.count;
      yield littleEndianBytes(batch.images);
    }
    if (done !== shape.count) throw new RangeError(`a partition of ${shape.count} samples ended after ${done}`);
  }
  function* heldBytes(index: 0 | 1): Generator<Uint8Array> {
    yield littleEndianBytes(held[index]);
  }

  yield* torchFileStream(tensorDatasetPickle(layout), [
    { name: '0', size: storageBytes(images), content: imageBytes() },
    { name: '1', size: storageBytes(magnitudes), content: heldBytes(0) },
    { name: '2', size: storageBytes(redshift), content: heldBytes(1) },
  ]);
}

function checkBatch(batch: PartitionBatch, expected: number, pixels: number, features: number, count: number): void {
  const { from, count: samples, images, magnitudes, redshift } = batch;
  if (from !== expected || from + samples > count) {
    throw new RangeError(`samples [${from}, ${from + samples}) where ${expected} of ${count} were due next`);
  }
  const lengths = [images.length, magnitudes.length, redshift.length].join(', ');
  const right = [samples * pixels, samples * features, samples].join(', ');
  if (lengths !== right) {
    throw new RangeError(
      `a batch of ${samples} samples has ${lengths} pixels, magnitudes, redshifts; expected ${right}`,
    );
  }
}

/** Writes a partition to the store without holding it in memory. */
export function writePartition(
  store: ObjectStore,
  key: string,
  shape: PartitionShape,
  batches: AsyncIterable<PartitionBatch> | Iterable<PartitionBatch>,
  options?: ReadOptions,
): Promise<WrittenObject> {
  return store.put(key, Readable.from(partitionStream(shape, batches), { objectMode: false }), options);
}
