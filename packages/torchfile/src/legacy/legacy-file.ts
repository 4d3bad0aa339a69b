import type { ByteSource } from '@cosmicai/store';
import { MalformedTorchFileError, TorchFileLimitError, UnsupportedTorchFileError } from '../errors.ts';
import type { TorchFileLimits } from '../limits.ts';
import { PickleCursor } from '../pickle/cursor.ts';
import { runPickle } from '../pickle/machine.ts';
import { describeNode, mappingEntries, sequenceItems, type PickleNode } from '../pickle/nodes.ts';
import { readExactly } from '../read-exactly.ts';
import { dtypeOfStorage, itemBytes } from '../tensor/dtype.ts';
import type { ByteOrder } from '../tensor/bytes.ts';
import type { ZipEntry } from '../zip/directory.ts';

/** `torch.save` before torch 1.6, or with `_use_new_zipfile_serialization=False`. */
export interface LegacyFile {
  readonly root: PickleNode;
  readonly byteOrder: ByteOrder;
  /** By the storages' names; `headerOffset` is where the data begin. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
}

interface Pickles extends Omit<LegacyFile, 'entries'> {
  /** Bytes of the storages, by their names. */
  readonly sizes: ReadonlyMap<string, number>;
  /** In the order of the file. */
  readonly names: readonly PickleNode[];
  /** Where the storages begin. */
  readonly end: number;
}

/** Most pickles fit; of others ten times as much is read. */
const FIRST_BYTES = 64 * 1024;
/** Before the elements of a storage there is their number. */
const COUNT_BYTES = 8;
/** Version of the format, which never had another. */
const VERSION = 1001;

/**
 * Reads the five pickles at the start: a magic number, the version, facts about the machine, what was saved, and the names of its
 * storages, whose elements follow in that order. Executes nothing.
 *
 * @throws TorchFileError naming file and offset: malformed, unsupported, or beyond the limits
 */
export async function openLegacyFile(source: ByteSource, limits: TorchFileLimits): Promise<LegacyFile> {
  for (let length = FIRST_BYTES; ; length *= 10) {
    const bytes = await readExactly(source, 0, Math.min(length, source.size, limits.maxPickleBytes));
    const isAll = bytes.byteLength === source.size;
    const pickles = readOrTooShort(source, bytes, limits);
    if (!(pickles instanceof MalformedTorchFileError)) return { ...pickles, entries: entriesOf(source, pickles) };
    if (isAll) throw pickles;
    if (bytes.byteLength === limits.maxPickleBytes) {
      const problem = 'the pickles at the start of the file don’t end, or are damaged';
      throw new TorchFileLimitError(source.name, 0, 'maxPickleBytes', limits.maxPickleBytes, problem);
    }
  }
}

/** Of bytes that end within a pickle the error that says so. */
function readOrTooShort(
  source: ByteSource,
  bytes: Uint8Array,
  limits: TorchFileLimits,
): Pickles | MalformedTorchFileError {
  try {
    return readPickles(source, bytes, limits);
  } catch (error) {
    if (error instanceof MalformedTorchFileError) return error;
    throw error;
  }
}

function readPickles(source: ByteSource, bytes: Uint8Array, { maxOpcodes }: TorchFileLimits): Pickles {
  const cursor = new PickleCursor(source.name, bytes, 0);
  const next = () => runPickle(cursor, maxOpcodes);
  next();
  const version = next();
  if (version !== VERSION)
    throw new UnsupportedTorchFileError(
      source.name,
      cursor.at,
      `version ${describeNode(version)} of the old format of torch.save; ${VERSION} is read`,
    );
  const machine = mappingEntries(next()) ?? [];
  const byteOrder = machine.some(([key, value]) => key === 'little_endian' && value === false) ? 'big' : 'little';
  const sizes = new Map<string, number>();
  cursor.onPersistent = (id) => {
    const storage = storageOf(source, cursor, id);
    if (storage !== undefined) sizes.set(storage.name, storage.bytes);
  };
  const root = next();
  cursor.onPersistent = undefined;
  return { root, byteOrder, sizes, names: sequenceItems(next()) ?? [], end: cursor.position };
}

/** Where the storages lie, one after the other. */
function entriesOf(source: ByteSource, { names, sizes, end }: Pickles): Map<string, ZipEntry> {
  const entries = new Map<string, ZipEntry>();
  let at = end;
  for (const name of names) {
    const size = typeof name === 'string' ? sizes.get(name) : undefined;
    if (typeof name !== 'string' || size === undefined)
      throw new MalformedTorchFileError(source.name, end, 'damaged pickle: a storage that no tensor has');
    const start = at + COUNT_BYTES;
    at = start + size;
    const sizesAlike = { compressedSize: size, size };
    entries.set(name, { name, method: 'stored', ...sizesAlike, crc32: 0, headerOffset: start, endLimit: at });
  }
  if (at <= source.size) return entries;
  const problem = `the storages end at byte ${at}, and the file has ${source.size}: it is truncated or damaged`;
  throw new MalformedTorchFileError(source.name, source.size, problem);
}

/** `('storage', class, name, location, number of elements, view)` */
function storageOf(
  source: ByteSource,
  cursor: PickleCursor,
  id: PickleNode,
): { readonly name: string; readonly bytes: number } | undefined {
  const [tag, type, name, , elements, view] = sequenceItems(id) ?? [];
  if (tag !== 'storage' || typeof name !== 'string' || typeof elements !== 'number') return undefined;
  if (view !== undefined && view !== null)
    throw new UnsupportedTorchFileError(
      source.name,
      cursor.at,
      'a storage that is part of another; save the tensor with .clone()',
    );
  const dtype =
    typeof type === 'object' && type !== null && 'kind' in type && type.kind === 'global' && type.module === 'torch'
      ? dtypeOfStorage(type.name)
      : undefined;
  if (dtype === undefined)
    throw new UnsupportedTorchFileError(
      source.name,
      cursor.at,
      `a storage of a type that is not read; save the tensors as float32`,
    );
  return { name, bytes: elements * itemBytes(dtype) };
}

/** Checks the number of elements before a storage, which is all that tells a shifted or torn file. */
export async function legacyStart(source: ByteSource, entry: ZipEntry): Promise<number> {
  const start = entry.headerOffset;
  const bytes = await readExactly(source, start - COUNT_BYTES, start);
  const count = Number(new DataView(bytes.buffer, bytes.byteOffset, COUNT_BYTES).getBigInt64(0, true));
  const item = count === 0 ? 0 : entry.size / count;
  if (count >= 0 && count * item === entry.size && [0, 1, 2, 4, 8].includes(item)) return start;
  const problem = `storage ${entry.name} says that it has ${count} elements, and the pickle that it takes ${entry.size} bytes`;
  throw new MalformedTorchFileError(source.name, start - COUNT_BYTES, problem);
}
