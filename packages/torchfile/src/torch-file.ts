import { withBlockCache } from './block-cache.ts';
import { readByteOrder } from './byte-order.ts';
import type { ByteSource } from '@cosmicai/store';
import { valueOf } from '@cosmicai/payload';
import { readExactly } from './read-exactly.ts';
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
import { Checksums, type PassingCheck } from './zip/checksums.ts';
import { readContent } from './zip/content.ts';
import { dataStart, readZipDirectory, type ZipEntry } from './zip/directory.ts';
import { storageFormat } from './other-formats.ts';
import { legacyStart, openLegacyFile } from './legacy/legacy-file.ts';

/** A storage in the file. */
export interface StorageEntry {
  readonly entry: ZipEntry;
  /** Bytes. */
  readonly size: number;
  /** False when deflated: then only the whole storage can be read. */
  readonly ranged: boolean;
}

export interface TorchFileOptions extends Partial<TorchFileLimits> {
  /** False: bytes are not compared with their CRC-32, e.g. of a file whose writer computed none. Default true. */
  readonly checkCrc?: boolean;
}

/** An opened torch file: its pickle is in memory, its tensors are not. */
export interface TorchFile {
  readonly name: string;
  /** What was saved, as inert nodes. */
  readonly root: PickleNode;
  readonly byteOrder: ByteOrder;
  readonly limits: TorchFileLimits;
  readonly source: ByteSource;
  /** The zip of torch 1.6 and later, or what came before it. */
  readonly kind: 'zip' | 'legacy';
  /** False when the file was written without CRC-32 sums, so that nothing can be checked. */
  readonly hasChecksums: boolean;
  /**
   * Reads the elements of one tensor, and of its storage only the part it covers. Two calls read twice. A storage read whole
   * is checked at once, parts of one by `finishCheck`.
   */
  tensor(ref: TensorRef): Promise<Tensor>;
  /** The storage of a tensor, checked to hold all its elements. */
  storage(ref: TensorRef): StorageEntry;
  /** File offset of a storage's first byte. */
  storageStart(storage: StorageEntry): Promise<number>;
  /** Begins to check entries whose bytes the caller reads in pieces. */
  passingCheck(): PassingCheck;
  /**
   * To be called when all tensors are read: checks the storages of which `tensor` read parts.
   *
   * @returns names of those of which most bytes were never read, so that the rest wasn't fetched for its sum
   * @throws MalformedTorchFileError naming file and entry when bytes don't fit their CRC-32
   */
  finishCheck(): Promise<readonly string[]>;
}

/**
 * Opens a file of torch.save: the zip format, or that of before torch 1.6. Reads the directory and the pickle, executes
 * nothing, and needs bounded memory and time whatever the file holds.
 *
 * @throws TorchFileError naming file and offset: malformed, unsupported, or beyond the limits
 */
export async function openTorchFile(source: ByteSource, options: TorchFileOptions = {}): Promise<TorchFile> {
  const { checkCrc = true, ...limits } = options;
  const bounds = { ...DEFAULT_LIMITS, ...limits };
  const cached = withBlockCache(source);
  const container =
    (await storageFormat(cached)) === 'legacy'
      ? await legacyContainer(cached, bounds)
      : await zipContainer(cached, bounds, checkCrc);
  const { root, byteOrder, checksums } = container;
  const parts = checksums.passing();

  function storage(ref: TensorRef): StorageEntry {
    const entry = container.entry(ref.storage);
    if (entry === undefined) {
      throw new MalformedTorchFileError(
        source.name,
        ref.at,
        `storage data/${ref.storage} is not in the ${container.kind === 'zip' ? 'zip' : 'file'}`,
      );
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
    if (!ranged || (container.kind === 'zip' && to - from === entry.size)) {
      const limit = { name: 'maxTensorBytes', bytes: bounds.maxTensorBytes };
      return (await readContent(cached, entry, limit, checksums)).bytes.subarray(from, to);
    }
    const start = await container.start(entry);
    const covered = await readExactly(cached, start + from, start + to);
    parts.saw(entry, from, covered);
    return covered;
  }

  return {
    name: source.name,
    root,
    byteOrder,
    limits: bounds,
    source,
    storage,
    kind: container.kind,
    hasChecksums: checksums.present,
    storageStart: ({ entry }) => container.start(entry),
    passingCheck: () => checksums.passing(),
    finishCheck: () => parts.finish(),
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

/** What is told by the file's container: what was saved, and where the storages are. */
interface Container extends Pick<TorchFile, 'kind' | 'root' | 'byteOrder'> {
  readonly checksums: Checksums;
  entry(storage: string): ZipEntry | undefined;
  start(entry: ZipEntry): Promise<number>;
}

async function zipContainer(source: ByteSource, bounds: TorchFileLimits, checkCrc: boolean): Promise<Container> {
  const entries = await readZipDirectory(source, bounds.maxEntries);
  const archive = archiveName(source, entries);
  const checksums = new Checksums(source, entries.values(), checkCrc);
  const byteOrder = await readByteOrder(source, entries, archive, checksums);
  const pickle = valueOf(entries, `${archive}/data.pkl`);
  const pickleLimit = { name: 'maxPickleBytes', bytes: bounds.maxPickleBytes };
  const { bytes, start } = await readContent(source, pickle, pickleLimit, checksums);
  return {
    kind: 'zip',
    root: runPickle(new PickleCursor(source.name, bytes, start), bounds.maxOpcodes),
    byteOrder,
    checksums,
    entry: (storage) => entries.get(`${archive}/data/${storage}`),
    start: (entry) => dataStart(source, entry),
  };
}

async function legacyContainer(source: ByteSource, bounds: TorchFileLimits): Promise<Container> {
  const { root, byteOrder, entries } = await openLegacyFile(source, bounds);
  return {
    kind: 'legacy',
    root,
    byteOrder,
    checksums: new Checksums(source, [], false),
    entry: (storage) => entries.get(storage),
    start: (entry) => legacyStart(source, entry),
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
  const [pickle] = pickles;
  if (pickle !== undefined && pickles.length === 1) return pickle.slice(0, -'/data.pkl'.length);
  if (names.some((name) => name.endsWith('.npy'))) {
    const problem = 'this is an archive of NumPy arrays (.npz); save its arrays as tensors with torch.save';
    throw new UnsupportedTorchFileError(source.name, undefined, problem);
  }
  throw new MalformedTorchFileError(
    source.name,
    undefined,
    `a zip, but not of torch.save: expected one NAME/data.pkl, found ${pickles.length} among ${names.length} entries`,
  );
}
