import { withBlockCache } from './block-cache.ts';
import { readExactly, type ByteSource } from './byte-source.ts';
import { MalformedTorchFileError, TorchFileLimitError, UnsupportedTorchFileError } from './errors.ts';
import { DEFAULT_LIMITS, type TorchFileLimits } from './limits.ts';
import { PickleCursor } from './pickle/cursor.ts';
import { runPickle } from './pickle/machine.ts';
import type { PickleNode } from './pickle/nodes.ts';
import { elementsOf, type ByteOrder } from './tensor/bytes.ts';
import { itemBytes } from './tensor/dtype.ts';
import { contiguousStrides, countOf, gather, isContiguous, spanOf } from './tensor/layout.ts';
import type { TensorRef } from './tensor/tensor-ref.ts';
import type { Tensor } from './tensor/tensor.ts';
import { readContent } from './zip/content.ts';
import { dataStart, readZipDirectory, type ZipEntry } from './zip/directory.ts';
import { refuseOtherFormats } from './other-formats.ts';

/** A storage in the file. */
export interface StorageEntry {
  readonly entry: ZipEntry;
  /** Bytes. */
  readonly size: number;
  /** False when deflated: then only the whole storage can be read. */
  readonly ranged: boolean;
}

/** An opened torch file: its pickle is in memory, its tensors are not. */
export interface TorchFile {
  readonly name: string;
  /** What was saved, as inert nodes. */
  readonly root: PickleNode;
  readonly byteOrder: ByteOrder;
  readonly limits: TorchFileLimits;
  readonly source: ByteSource;
  /** Reads the elements of one tensor, and of its storage only the part it covers. Two calls read twice. */
  tensor(ref: TensorRef): Promise<Tensor>;
  /** The storage of a tensor, checked to hold all its elements. */
  storage(ref: TensorRef): StorageEntry;
  /** File offset of a storage's first byte. */
  storageStart(storage: StorageEntry): Promise<number>;
}

/**
 * Opens a file of torch.save (the zip format, torch 1.6 and later). Reads the central directory and data.pkl, executes
 * nothing, and needs bounded memory and time whatever the file holds.
 *
 * @throws TorchFileError naming file and offset: malformed, unsupported, or beyond the limits
 */
export async function openTorchFile(source: ByteSource, limits: Partial<TorchFileLimits> = {}): Promise<TorchFile> {
  const bounds = { ...DEFAULT_LIMITS, ...limits };
  const cached = withBlockCache(source);
  await refuseOtherFormats(cached);
  const entries = await readZipDirectory(cached, bounds.maxEntries);
  const archive = archiveName(source, entries);
  const byteOrder = await readByteOrder(cached, entries.get(`${archive}/byteorder`));
  const pickle = entries.get(`${archive}/data.pkl`)!;
  const { bytes, start } = await readContent(cached, pickle, { name: 'maxPickleBytes', bytes: bounds.maxPickleBytes });
  const root = runPickle(new PickleCursor(source.name, bytes, start), bounds.maxOpcodes);

  function storage(ref: TensorRef): StorageEntry {
    const entry = entries.get(`${archive}/data/${ref.storage}`);
    if (entry === undefined) {
      throw new MalformedTorchFileError(source.name, ref.at, `storage data/${ref.storage} is not in the zip`);
    }
    const needed = (ref.offset + spanOf(ref)) * itemBytes(ref.dtype);
    if (countOf(ref.shape) > 0 && needed > entry.size) {
      const problem = `a tensor of shape [${ref.shape.join(', ')}] needs ${needed} bytes of data/${ref.storage}, which has ${entry.size}`;
      throw new MalformedTorchFileError(source.name, ref.at, problem);
    }
    return { entry, size: entry.size, ranged: entry.method === 'stored' };
  }

  /** The elements a tensor covers, from its first to its last. */
  async function coveredBytes(ref: TensorRef): Promise<Uint8Array> {
    const { entry, ranged } = storage(ref);
    const from = ref.offset * itemBytes(ref.dtype);
    const to = from + spanOf(ref) * itemBytes(ref.dtype);
    if (!ranged || to - from === entry.size) {
      const limit = { name: 'maxTensorBytes', bytes: bounds.maxTensorBytes };
      return (await readContent(cached, entry, limit)).bytes.subarray(from, to);
    }
    const start = await dataStart(cached, entry);
    return readExactly(cached, start + from, start + to);
  }

  return {
    name: source.name,
    root,
    byteOrder,
    limits: bounds,
    source,
    storage,
    storageStart: ({ entry }) => dataStart(cached, entry),
    async tensor(ref) {
      storage(ref);
      const size = Math.max(countOf(ref.shape), spanOf(ref)) * itemBytes(ref.dtype);
      if (size > bounds.maxTensorBytes) {
        const problem = `a tensor of shape [${ref.shape.join(', ')}] takes ${size} bytes`;
        throw new TorchFileLimitError(source.name, ref.at, 'maxTensorBytes', bounds.maxTensorBytes, problem);
      }
      const covered = elementsOf(await coveredBytes(ref), ref.dtype, byteOrder);
      const data = isContiguous(ref) ? covered : gather(covered, { ...ref, offset: 0 });
      return { dtype: ref.dtype, shape: ref.shape, strides: contiguousStrides(ref.shape), data };
    },
  };
}

/** Every entry lies in one folder, named after the file it was first saved as; the one with data.pkl is it. */
function archiveName(source: ByteSource, entries: ReadonlyMap<string, ZipEntry>): string {
  const names = [...entries.keys()];
  if (names.some((name) => /^[^/]+\/constants\.pkl$/.test(name))) {
    throw new UnsupportedTorchFileError(
      source.name,
      undefined,
      'this is a TorchScript archive (torch.jit.save); save the module itself or its state_dict() with torch.save',
    );
  }
  const pickles = names.filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length === 1) return pickles[0]!.slice(0, -'/data.pkl'.length);
  throw new MalformedTorchFileError(
    source.name,
    undefined,
    `a zip, but not of torch.save: expected one NAME/data.pkl, found ${pickles.length} among ${names.length} entries`,
  );
}

const LONGEST_BYTE_ORDER = 16;

async function readByteOrder(source: ByteSource, entry: ZipEntry | undefined): Promise<ByteOrder> {
  // Older versions of torch did not write it; they only ever ran on little-endian machines in practice.
  if (entry === undefined) return 'little';
  const { bytes, start } = await readContent(source, entry, { name: 'byteorder', bytes: LONGEST_BYTE_ORDER });
  const text = Buffer.from(bytes).toString('latin1').trim();
  if (text === 'little' || text === 'big') return text;
  throw new MalformedTorchFileError(source.name, start, `byte order ${JSON.stringify(text)}; expected little or big`);
}
