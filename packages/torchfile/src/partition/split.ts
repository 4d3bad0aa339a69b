import { imageShape as shapeOf } from '@cosmicai/payload';
import type { ByteSource } from '@cosmicai/store';
import { littleEndianBytes } from '../tensor/bytes.ts';
import { UnsupportedTorchFileError } from '../errors.ts';
import { DTYPES, itemBytes } from '../tensor/dtype.ts';
import { countOf, gather, isContiguous } from '../tensor/layout.ts';
import { dictPickle, storageBytes, tensorDatasetPickle, type DatasetTensor } from '../write/tensor-dataset-pickle.ts';
import { torchFileSize, torchFileStream } from '../write/torch-file-stream.ts';
import type { PassingCheck } from '../zip/checksums.ts';
import type { Column } from './column.ts';
import { openColumn } from './column.ts';
import { DEFAULT_SPEC } from './partition-spec.ts';
import { readAhead } from './read-ahead.ts';
import { savedData } from './saved-data.ts';
import type { NameList } from './saved-tensors.ts';
import { isTensor } from './tensor-dataset.ts';
import { openTorchFile, type TorchFile, type TorchFileOptions } from '../torch-file.ts';

/** Partition sizes are named in units of 2^20 bytes. */
export const MEGABYTE = 1_048_576;
/**
 * What a sample counts besides its float32 image: as many float32 magnitudes as bands, and a float64 redshift. With it a partition
 * of 25, 50, 75, 100 MB has 1,278, 2,556, 3,834, 5,113 samples, as the published ones have, and the full set of 659,857
 * galaxies makes 517, 259, 173, 130 files. Their magnitudes are float64, so such a file is 0.1 % larger than its name.
 */
function nominalRestBytes(bands: number): number {
  return bands * 4 + 8;
}

/** Read and written at once. */
const CHUNK_BYTES = 4 * MEGABYTE;

/** One file of a split. */
export interface PartitionPart {
  /** `1.pt`, `2.pt` … */
  readonly name: string;
  /** Index in the original of the first sample. */
  readonly from: number;
  readonly count: number;
  /** Bytes of the file. */
  readonly size: number;
  /** The file; read as it is consumed, once. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** Samples of a partition of this nominal size, at least one. */
export function samplesPerPartition(
  targetBytes: number,
  imageShape: readonly number[] = shapeOf(DEFAULT_SPEC.image),
): number {
  const [bands = 0] = imageShape;
  return Math.max(1, Math.floor(targetBytes / (countOf(imageShape) * 4 + nominalRestBytes(bands))));
}

/**
 * Splits a partition into files of `samplesPerPartition(targetBytes)` samples, the last with what is left. Types and
 * image size stay as they are, elements are copied bit for bit; memory is a few chunks of 4 MB.
 *
 * The bytes are compared with their CRC-32 as they pass, before the content of the last file ends.
 *
 * @param sink writes one file; the next begins when its promise is fulfilled
 * @returns the files, in order, without their content
 * @throws TorchFileError when the file is not a partition or damaged; what was written before is not to be used
 */
export async function splitPartition(
  source: ByteSource,
  targetBytes: number,
  sink: (part: PartitionPart) => Promise<unknown>,
  options: TorchFileOptions & { readonly signal?: AbortSignal } = {},
): Promise<Omit<PartitionPart, 'content'>[]> {
  const { signal, ...fileOptions } = options;
  const file = await openTorchFile(source, fileOptions);
  const saved = await openSaved(file);
  const images = largestOf(saved);
  if (images === undefined)
    throw new UnsupportedTorchFileError(source.name, undefined, 'there are no tensors to split');
  for (const { content } of saved.entries) checkWritable(source.name, content, images);
  const check = file.passingCheck();
  const reading = { check, ...(signal && { signal }) };
  const [total, ...imageShape] = images.ref.shape as [number, ...number[]];
  const each = samplesPerPartition(targetBytes, imageShape);
  const parts: Omit<PartitionPart, 'content'>[] = [];
  for (let from = 0; from < total; from += each) {
    const to = Math.min(from + each, total);
    const { content, size } = partFile(saved, from, to, reading);
    const part = { name: `${parts.length + 1}.pt`, from, count: to - from, size };
    await sink({ ...part, content: to < total ? content : checkedAtEnd(content, reading) });
    parts.push(part);
  }
  return parts;
}

interface SavedColumn {
  /** Of a dict. */
  readonly key?: string;
  readonly content: Column | NameList;
}

/** Everything that was saved, in its order. */
interface Saved {
  readonly named: boolean;
  readonly entries: readonly SavedColumn[];
}

async function openSaved(file: TorchFile): Promise<Saved> {
  const data = savedData(file, 'expected a TensorDataset, or a dict of tensors');
  if (data.kind !== 'tensors') {
    const problem =
      'a Subset or ConcatDataset can be read, and not split bit for bit; save its tensors as a TensorDataset';
    throw new UnsupportedTorchFileError(file.name, undefined, problem);
  }
  const entries = data.entries.map(async ({ key, content }, place) => ({
    ...(key !== undefined && { key }),
    content: isTensor(content) ? await openColumn(file, key ?? `tensors ${place}`, content) : content,
  }));
  return { named: data.named, entries: await Promise.all(entries) };
}

/** The tensor with most bytes for each galaxy: its images. */
function largestOf({ entries }: Saved): Column | undefined {
  const size = ({ ref }: Column) => countOf(ref.shape.slice(1)) * itemBytes(ref.dtype);
  return entries
    .flatMap(({ content }) => ('ref' in content ? [content] : []))
    .reduce<Column | undefined>(
      (best, column) => (best === undefined || size(column) > size(best) ? column : best),
      undefined,
    );
}

interface Reading {
  readonly check: PassingCheck;
  readonly signal?: AbortSignal;
}

/** Ends only when all that was read is sound, so that whoever writes the bytes does not finish otherwise. */
async function* checkedAtEnd(content: AsyncIterable<Uint8Array>, reading: Reading) {
  yield* content;
  await reading.check.finish(reading);
}

/** @throws UnsupportedTorchFileError when something else than a row for each image was saved, or what torch has no class for */
function checkWritable(name: string, content: SavedColumn['content'], images: Column): void {
  const [count] = images.ref.shape;
  const [rows, dtype] = 'ref' in content ? [content.ref.shape[0], content.ref.dtype] : [content.length, undefined];
  if (rows !== count) {
    const what = `there are ${count} images and ${rows} of something beside them`;
    throw new UnsupportedTorchFileError(name, undefined, `${what}, which can't be split`);
  }
  if (dtype !== undefined && DTYPES[dtype].storage === undefined) {
    throw new UnsupportedTorchFileError(name, undefined, `${dtype} tensors can't be written; save them as int64`);
  }
}

function partFile(
  { named, entries }: Saved,
  from: number,
  to: number,
  reading: Reading,
): Pick<PartitionPart, 'content' | 'size'> {
  const tensorOf = ({ ref }: Column): DatasetTensor => ({
    dtype: ref.dtype,
    shape: [to - from, ...ref.shape.slice(1)],
  });
  const pickle = named
    ? dictPickle(
        entries.map(({ key = '', content }) => [key, 'ref' in content ? tensorOf(content) : content.slice(from, to)]),
      )
    : tensorDatasetPickle(entries.flatMap(({ content }) => ('ref' in content ? [tensorOf(content)] : [])));
  const storages = entries
    .flatMap(({ content }) => ('ref' in content ? [content] : []))
    .map((column, index) => ({
      name: String(index),
      size: storageBytes(tensorOf(column)),
      content: rowBytes(column, from, to, reading),
    }));
  return { content: torchFileStream(pickle, storages), size: torchFileSize(pickle, storages) };
}

/** Rows [from, to) of a tensor in C order, little-endian, chunk by chunk. */
async function* rowBytes(
  column: Column,
  from: number,
  to: number,
  { check, signal }: Reading,
): AsyncGenerator<Uint8Array, void, undefined> {
  const rowSize = countOf(column.ref.shape.slice(1)) * itemBytes(column.ref.dtype);
  const step = Math.max(1, Math.floor(CHUNK_BYTES / rowSize));
  const starts = Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);
  const chunks = readAhead(starts, 1, signal, (start, cancelled) =>
    column.rows(start, Math.min(start + step, to), { check, signal: cancelled }),
  );
  for await (const { data, layout } of chunks) {
    yield littleEndianBytes(isContiguous(layout) ? data : gather(data, layout));
  }
}
