import type { ByteSource } from '@cosmicai/store';
import type { FloatDType, TensorData } from '../tensor/dtype.ts';
import type { TensorRef } from '../tensor/tensor-ref.ts';
import { openTorchFile, type TorchFile } from '../torch-file.ts';
import { whyUnchecked } from '../why-unchecked.ts';
import { openColumn } from './column.ts';
import { centralPixels, float64Of, idsOf, imagesOf } from './convert.ts';
import type { PartitionSamples } from './partition-batch.ts';
import { DEFAULT_SPEC, type PartitionOptions } from './partition-spec.ts';
import { rowTable, type TableRows } from './row-table.ts';
import type { NameList } from './saved-tensors.ts';
import { isTensor, partitionTensors } from './tensor-dataset.ts';
import { listColumn, tensorColumn, type TableValues, type ValueColumn } from './value-column.ts';

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
  readonly idType: 'int64' | 'text' | null;
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

/** What columns are called in messages. */
const WHAT = { images: 'images', magnitudes: 'magnitudes', redshift: 'redshifts', id: 'ids' } as const;
type Role = keyof typeof WHAT;

/**
 * Opens a TensorDataset of images [n,bands,H,W], magnitudes [n,features] and redshift [n] or [n,1], each of any float type; of
 * the first two alone, whose redshifts nobody knows; of these and ids in any order, where `columns` says which; or a dict of them.
 * Files of other layouts, types and names are read by @cosmicai/samples.
 *
 * @throws TorchFileError when the file is something else, damaged, or compressed
 */
export async function openPartition(source: ByteSource, options: PartitionOptions = {}): Promise<Partition> {
  const { spec = DEFAULT_SPEC, columns: names, ...reading } = options;
  const file = await openTorchFile(source, reading);
  const { images, magnitudes, redshift, id } = partitionTensors(file, spec, names);
  const [count, ...shape] = images.shape as [number, number, number, number];
  const roles: readonly (readonly [Role, TensorRef | NameList | null])[] = [
    ['images', images],
    ['magnitudes', magnitudes],
    ['redshift', redshift],
    ['id', id],
  ];
  const columns = await Promise.all(
    roles.flatMap(([role, content]) => (content === null ? [] : [openRole(file, role, content)])),
  );
  const table = rowTable({
    name: source.name,
    count,
    named: true,
    columns,
    unfit: new Map(),
    passingCheck: () => file.passingCheck(),
    whyUnchecked: (entries) => whyUnchecked(file, reading, entries),
  });
  const layout = { ...centralPixels(shape, spec.image.side), order: undefined };

  function samplesOf({ from, count: rows, values }: TableRows): PartitionSamples {
    const truth = values.get('redshift');
    const ids = values.get('id');
    return {
      from,
      count: rows,
      images: imagesOf(numbers(values.get('images')), rows, layout, spec.image),
      magnitudes: float64Of(numbers(values.get('magnitudes'))),
      redshift: truth === undefined ? null : float64Of(numbers(truth)),
      ...(ids !== undefined && { id: idsOf(ids) }),
    };
  }

  const idType = columns.find(({ name }) => name === 'id')?.type;
  return {
    name: source.name,
    count,
    imageShape: shape,
    dtypes: {
      images: images.dtype as FloatDType,
      magnitudes: magnitudes.dtype as FloatDType,
      redshift: redshift && (redshift.dtype as FloatDType),
    },
    idType: idType === undefined ? null : idType === 'text' || idType === 'uint64' ? 'text' : 'int64',
    read: async (from, to, read) => samplesOf(await table.read(from, to, read)),
    batches: (read) => inForm(table.batches(read), samplesOf),
    unchecked: () => table.unchecked(),
  };
}

async function openRole(file: TorchFile, role: Role, content: TensorRef | NameList): Promise<ValueColumn> {
  if (!isTensor(content)) return listColumn(role, content);
  return tensorColumn(role, await openColumn(file, WHAT[role], content));
}

function numbers(values: TableValues | undefined): TensorData {
  if (ArrayBuffer.isView(values)) return values;
  throw new TypeError('a column of a partition that has no numbers');
}

async function* inForm(
  rows: AsyncIterable<TableRows>,
  form: (rows: TableRows) => PartitionSamples,
): AsyncGenerator<PartitionSamples, void, undefined> {
  for await (const each of rows) yield form(each);
}
