import { Readable } from 'node:stream';
import { imageShape as shapeOf, itemAt } from '@cosmicai/payload';
import type { ObjectStore, ReadOptions, WrittenObject } from '@cosmicai/store';
import { DEFAULT_SPEC } from '../partition/partition-spec.ts';
import type { PartitionSamples } from '../partition/partition-batch.ts';
import { littleEndianBytes } from '../tensor/bytes.ts';
import { countOf } from '../tensor/layout.ts';
import { storageBytes, tensorDatasetPickle, type DatasetTensor } from './tensor-dataset-pickle.ts';
import { torchFileSize, torchFileStream } from './torch-file-stream.ts';

/** Shape of a partition to be written. */
export interface PartitionShape {
  /** Samples; the batches must add up to it. */
  readonly count: number;
  /** [bands, height, width], default: ASTROMAE's. */
  readonly imageShape?: readonly [bands: number, height: number, width: number];
  /** Numbers beside each image, default: a magnitude for each band. */
  readonly features?: number;
  /** Default float64, as published partitions have. */
  readonly magnitudesDtype?: 'float64' | 'float32';
  /** Default float64. Null: there are none. */
  readonly redshiftDtype?: 'float64' | 'float32' | null;
}

/** Types and shapes of images, magnitudes and, where they are known, redshifts. */
function partitionLayout(
  shape: PartitionShape,
): readonly [images: DatasetTensor, magnitudes: DatasetTensor, ...redshift: DatasetTensor[]] {
  const {
    count,
    imageShape = shapeOf(DEFAULT_SPEC.image),
    features = imageShape[0],
    magnitudesDtype = 'float64',
    redshiftDtype = 'float64',
  } = shape;
  return [
    { dtype: 'float32', shape: [count, ...imageShape] },
    { dtype: magnitudesDtype, shape: [count, features] },
    ...(redshiftDtype === null ? [] : [{ dtype: redshiftDtype, shape: [count] }]),
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
  batches: AsyncIterable<PartitionSamples> | Iterable<PartitionSamples>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const [images, magnitudes, redshift] = partitionLayout(shape);
  const expected = {
    count: shape.count,
    pixels: countOf(images.shape.slice(1)),
    features: itemAt(magnitudes.shape, 1),
    redshifts: redshift === undefined ? 0 : 1,
  };
  const held = redshift === undefined ? [heldOf(magnitudes)] : [heldOf(magnitudes), heldOf(redshift)];

  async function* imageBytes(): AsyncGenerator<Uint8Array> {
    let done = 0;
    for await (const batch of batches) {
      checkBatch(batch, done, expected);
      held[0]?.values.set(batch.magnitudes, done * expected.features);
      if (batch.redshift !== null) held[1]?.values.set(batch.redshift, done);
      done += batch.count;
      yield littleEndianBytes(batch.images);
    }
    if (done !== shape.count) throw new RangeError(`a partition of ${shape.count} samples ended after ${done}`);
  }
  function* heldBytes(values: HeldTensor['values']): Generator<Uint8Array> {
    yield littleEndianBytes(values);
  }

  const pickle = tensorDatasetPickle([images, ...held.map(({ tensor }) => tensor)]);
  yield* torchFileStream(pickle, [
    { name: '0', size: storageBytes(images), content: imageBytes() },
    ...held.map(({ tensor, values }, index) => ({
      name: String(index + 1),
      size: storageBytes(tensor),
      content: heldBytes(values),
    })),
  ]);
}

interface HeldTensor {
  readonly tensor: DatasetTensor;
  readonly values: Float32Array | Float64Array;
}

function heldOf(tensor: DatasetTensor): HeldTensor {
  const length = countOf(tensor.shape);
  return { tensor, values: tensor.dtype === 'float32' ? new Float32Array(length) : new Float64Array(length) };
}

interface ExpectedBatches {
  readonly count: number;
  /** Of each sample. */
  readonly pixels: number;
  readonly features: number;
  readonly redshifts: number;
}

function checkBatch(
  batch: PartitionSamples,
  due: number,
  { count, pixels, features, redshifts }: ExpectedBatches,
): void {
  const { from, count: samples, images, magnitudes, redshift } = batch;
  if (from !== due || from + samples > count) {
    throw new RangeError(`samples [${from}, ${from + samples}) where ${due} of ${count} were due next`);
  }
  const lengths = [images.length, magnitudes.length, redshift?.length ?? 0].join(', ');
  const right = [samples * pixels, samples * features, samples * redshifts].join(', ');
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
  batches: AsyncIterable<PartitionSamples> | Iterable<PartitionSamples>,
  options?: ReadOptions,
): Promise<WrittenObject> {
  return store.put(key, Readable.from(partitionStream(shape, batches), { objectMode: false }), options);
}
