import { readExactly } from '../read-exactly.ts';
import { UnsupportedTorchFileError } from '../errors.ts';
import { elementsOf } from '../tensor/bytes.ts';
import { itemBytes, type DType, type TensorData } from '../tensor/dtype.ts';
import { countOf, spanOf, type Layout } from '../tensor/layout.ts';
import type { TensorRef } from '../tensor/tensor-ref.ts';
import type { TorchFile } from '../torch-file.ts';
import type { PassingCheck } from '../zip/checksums.ts';

/** Rows of a tensor may lie this many times further apart than they are long: data[::4] still reads, data[::9] doesn't. */
const WIDEST_SPREAD = 4;

/** Elements of some consecutive rows as they lie in the file, and where in them the rows are. */
export interface Rows {
  readonly dtype: DType;
  readonly data: TensorData;
  readonly layout: Layout;
}

export interface RowsOptions {
  readonly signal?: AbortSignal;
  /** Rows far from those that are read before and after: reading more than them is of no use. */
  readonly scattered?: boolean;
  /** Is told of the bytes as they pass. */
  readonly check?: PassingCheck;
}

/** One tensor of a partition, read by ranges of its first axis. */
export interface Column {
  readonly ref: TensorRef;
  /** File offset of the tensor's first element. */
  readonly start: number;
  rows(from: number, to: number, options?: RowsOptions): Promise<Rows>;
}

/**
 * Prepares a tensor for ranged reads.
 *
 * @throws UnsupportedTorchFileError when its storage is compressed or its rows don't lie one after another, so that a
 *   range of rows is not a bounded range of bytes
 */
export async function openColumn(file: TorchFile, what: string, ref: TensorRef): Promise<Column> {
  const storage = file.storage(ref);
  if (!storage.ranged) {
    throw new UnsupportedTorchFileError(
      file.name,
      storage.entry.headerOffset,
      `the ${what} are compressed in the zip, so samples can't be read one by one; ` +
        'load the file in Python and save it again with torch.save, which does not compress',
    );
  }
  const [count = 0, ...rowShape] = ref.shape;
  const [rowStride = 0, ...strides] = ref.strides;
  const rowSpan = spanOf({ shape: rowShape, strides });
  const widest = WIDEST_SPREAD * countOf(rowShape);
  if (count > 1 && (rowSpan > widest || rowStride > widest)) {
    throw new UnsupportedTorchFileError(
      file.name,
      ref.at,
      `the ${what} don't lie sample by sample (shape [${ref.shape.join(', ')}], strides [${ref.strides.join(', ')}]); ` +
        'call .contiguous() on the tensor before torch.save',
    );
  }
  const size = itemBytes(ref.dtype);
  const storageStart = await file.storageStart(storage);
  const start = storageStart + ref.offset * size;
  return {
    ref,
    start,
    async rows(from, to, options) {
      const shape = [to - from, ...rowShape];
      const first = start + from * rowStride * size;
      const last = first + spanOf({ shape, strides: ref.strides }) * size;
      // With the gap before the next row, so that bytes between rows pass as well.
      const end = options?.check === undefined || to >= count ? last : Math.max(last, start + to * rowStride * size);
      const bytes = await readExactly(file.source, first, end, options);
      options?.check?.saw(storage.entry, first - storageStart, bytes);
      const data = elementsOf(bytes.subarray(0, last - first), ref.dtype, file.byteOrder);
      return { dtype: ref.dtype, data, layout: { shape, strides: ref.strides, offset: 0 } };
    },
  };
}
