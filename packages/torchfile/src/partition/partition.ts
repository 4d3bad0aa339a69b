import type { ByteSource } from '@cosmicai/store';
import { defined, itemAt } from '@cosmicai/payload';
import type { FloatDType } from '../tensor/dtype.ts';
import { whyUnchecked } from '../why-unchecked.ts';
import type { RowsOptions } from './column.ts';
import { openColumns } from './columns.ts';
import { cutouts, float64Rows } from './cutout.ts';
import type { IdColumn } from './id-column.ts';
import { DEFAULT_SPEC, type PartitionOptions } from './partition-spec.ts';
import { readAhead } from './read-ahead.ts';
import type { PartitionSamples } from './partition-batch.ts';

export interface ReadSamplesOptions {
  readonly signal?: AbortSignal;
}

export interface BatchesOptions extends ReadSamplesOptions {
  /** Samples in each batch; the last may have fewer. */
  readonly size: number;
  /** First sample, default 0. */
  readonly from?: number;
  /** One past the last sample, default all. */
  readonly to?: number;
  /** Batches read while one is being worked on, default 1. Memory is (readAhead + 1) batches. */
  readonly readAhead?: number;
}

/** A partition file: samples are read by ranges, the file as a whole is never in memory. */
export interface Partition {
  readonly name: string;
  /** Samples. */
  readonly count: number;
  /** [bands, height, width] as in the file; batches hold the central square of the side asked for. */
  readonly imageShape: readonly [bands: number, height: number, width: number];
  /** Types in the file; batches hold float32 images, float64 magnitudes and redshifts. Null: it has no redshifts. */
  readonly dtypes: {
    readonly images: FloatDType;
    readonly magnitudes: FloatDType;
    readonly redshift: FloatDType | null;
  };
  /** What the names of its objects are; null: they have none. */
  readonly idType: IdColumn['type'] | null;
  /**
   * Reads samples [from, to) with one ranged read for each tensor.
   *
   * @throws RangeError when the range leaves the partition
   */
  read(from: number, to: number, options?: ReadSamplesOptions): Promise<PartitionSamples>;
  /**
   * Reads samples in order, batch by batch, ahead of the caller: one ranged read of images for each batch, and where
   * magnitudes and redshifts take less than 1 MiB, one read of each for all. Leaving the loop cancels what is under way.
   *
   * Where all samples are asked for, the bytes are compared with their CRC-32 as they pass, and the last batch is handed out
   * only when they fit.
   *
   * @throws MalformedTorchFileError naming file and zip entry when they don't
   */
  batches(options: BatchesOptions): AsyncGenerator<PartitionSamples, void, undefined>;
  /** Why damage to this file could go unnoticed though it was to be checked; known once `batches` has handed out all samples. */
  unchecked(): string | undefined;
}

type Labels = Pick<PartitionSamples, 'magnitudes' | 'redshift' | 'id'>;

/** Those of 20,000 samples, and of any published partition, come with one read each instead of one for each batch. */
const LARGEST_LABEL_READ = 1024 * 1024;

/**
 * Opens a TensorDataset of images [n,bands,H,W], magnitudes [n,features] and redshift [n] or [n,1], each of any float type; of
 * the first two alone, whose redshifts nobody knows; of these and ids in any order, where `columns` says which; or a dict of them.
 *
 * @throws TorchFileError when the file is something else, damaged, or compressed
 */
export async function openPartition(source: ByteSource, options: PartitionOptions = {}): Promise<Partition> {
  const { file, images, magnitudes, redshift, id } = await openColumns(source, options);
  const { side } = (options.spec ?? DEFAULT_SPEC).image;
  const features = itemAt(magnitudes.ref.shape, 1);
  /** Magnitudes, redshift and id of one sample, eight bytes each at most. */
  const labelBytes = (features + (redshift === null ? 0 : 1) + (id === null ? 0 : 1)) * 8;
  let notChecked: readonly string[] = [];
  const [count, bands, height, width] = images.ref.shape as [number, number, number, number];

  function checkRange(from: number, to: number): void {
    if (Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= count) return;
    throw new RangeError(`samples [${from}, ${to}) of ${source.name}, which has ${count}`);
  }

  async function readLabels(from: number, to: number, options?: RowsOptions): Promise<Labels> {
    const [numbers, truth, ids] = await Promise.all([
      magnitudes.rows(from, to, options),
      redshift?.rows(from, to, options),
      id?.read(from, to, options),
    ]);
    return { magnitudes: float64Rows(numbers), redshift: truth ? float64Rows(truth) : null, ...defined({ id: ids }) };
  }

  /** Reads labels within [from, to): all of them with the first call where they are few, else call by call. */
  function labelReader(from: number, to: number): typeof readLabels {
    if ((to - from) * labelBytes > LARGEST_LABEL_READ) return readLabels;
    let all: Promise<Labels> | undefined;
    return async (start, end, options) => {
      all ??= readLabels(from, to, options);
      const labels = await all;
      // Copies, so that each batch is its reader's own, to be handed to another thread for instance.
      return {
        magnitudes: labels.magnitudes.slice((start - from) * features, (end - from) * features),
        redshift: labels.redshift?.slice(start - from, end - from) ?? null,
        ...defined({ id: labels.id?.slice(start - from, end - from) }),
      };
    };
  }

  async function readBatch(from: number, to: number, labels: typeof readLabels, options: RowsOptions) {
    const [imageRows, beside] = await Promise.all([images.rows(from, to, options), labels(from, to, options)]);
    return { from, count: to - from, images: cutouts(imageRows, side), ...beside };
  }

  return {
    name: source.name,
    count,
    imageShape: [bands, height, width],
    dtypes: {
      images: images.ref.dtype as FloatDType,
      magnitudes: magnitudes.ref.dtype as FloatDType,
      redshift: redshift && (redshift.ref.dtype as FloatDType),
    },
    idType: id?.type ?? null,
    async read(from, to, options = {}) {
      checkRange(from, to);
      return readBatch(from, to, readLabels, options);
    },
    batches({ size, from = 0, to = count, readAhead: ahead = 1, signal }) {
      checkRange(from, to);
      if (!Number.isInteger(size) || size < 1) throw new RangeError(`a batch of ${size} samples; expected 1 or more`);
      const starts = Array.from({ length: Math.ceil((to - from) / size) }, (_, index) => from + index * size);
      const labels = labelReader(from, to);
      // Part of the samples is not a whole entry: what only looks into a file is not held up for the rest of it.
      const check = from === 0 && to === count ? file.passingCheck() : undefined;
      const batches = readAhead(starts, ahead, signal, (start, cancelled) =>
        readBatch(start, Math.min(start + size, to), labels, { signal: cancelled, ...(check && { check }) }),
      );
      return beforeLast(batches, to, async () => {
        notChecked = (await check?.finish({ ...(signal && { signal }) })) ?? [];
      });
    },
    unchecked() {
      return whyUnchecked(file, options, notChecked);
    },
  };
}

/** Batches as they come, with something done before the one that ends at `to` is handed out. */
async function* beforeLast(
  batches: AsyncGenerator<PartitionSamples, void, undefined>,
  to: number,
  work: () => Promise<void>,
): AsyncGenerator<PartitionSamples, void, undefined> {
  for await (const batch of batches) {
    if (batch.from + batch.count === to) await work();
    yield batch;
  }
}
