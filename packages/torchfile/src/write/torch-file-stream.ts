import { crc32 } from 'node:zlib';
import { centralDirectory, dataDescriptor, localHeader, ALIGNMENT, type StoredEntry } from './zip-headers.ts';

/** The elements of one storage, as they come. */
export interface StorageInput {
  /** Name below `data/`, as the pickle refers to it. */
  readonly name: string;
  /** Bytes; what `content` gives must add up to it. */
  readonly size: number;
  /** Little-endian elements. */
  readonly content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** Every entry lies in this folder; torch.load takes whatever name it finds. */
const ARCHIVE = 'archive';

/**
 * Bytes of a torch file, as torch.save lays them out: uncompressed storages at multiples of 64 bytes. Nothing but the
 * chunk at hand is held. The same input gives the same bytes.
 *
 * @param pickle data.pkl
 * @param storages in the order in which they are written
 * @throws RangeError when a storage's content is longer or shorter than its size
 */
export async function* torchFileStream(
  pickle: Uint8Array,
  storages: Iterable<StorageInput>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const written: (StoredEntry & { readonly crc32: number })[] = [];
  let position = 0;
  for (const { name, size, content } of inOrder(pickle, storages)) {
    const entry = { name: `${ARCHIVE}/${name}`, size, headerOffset: position };
    const header = localHeader(entry);
    yield header;
    let sum = 0;
    let length = 0;
    for await (const chunk of content) {
      length += chunk.byteLength;
      if (length > size) throw new RangeError(`${name} was announced with ${size} bytes, but has more`);
      sum = crc32(chunk, sum);
      yield chunk;
    }
    if (length < size) throw new RangeError(`${name} was announced with ${size} bytes, but has only ${length}`);
    const descriptor = dataDescriptor(entry, sum);
    yield descriptor;
    position += header.byteLength + size + descriptor.byteLength;
    written.push({ ...entry, crc32: sum });
  }
  yield centralDirectory(written, position);
}

/** Bytes of the whole file, for stores that want to know beforehand. */
export function torchFileSize(pickle: Uint8Array, storages: Iterable<Omit<StorageInput, 'content'>>): number {
  let position = 0;
  const written: (StoredEntry & { readonly crc32: number })[] = [];
  for (const { name, size } of inOrder(pickle, storages)) {
    const entry = { name: `${ARCHIVE}/${name}`, size, headerOffset: position };
    position += localHeader(entry).byteLength + size + dataDescriptor(entry, 0).byteLength;
    written.push({ ...entry, crc32: 0 });
  }
  return position + centralDirectory(written, position).byteLength;
}

function* inOrder(
  pickle: Uint8Array,
  storages: Iterable<Omit<StorageInput, 'content'> & Partial<StorageInput>>,
): Generator<StorageInput> {
  yield record('data.pkl', pickle);
  yield record('.format_version', Buffer.from('1'));
  yield record('.storage_alignment', Buffer.from(String(ALIGNMENT)));
  yield record('byteorder', Buffer.from('little'));
  for (const { name, size, content = [] } of storages) yield { name: `data/${name}`, size, content };
  // The version of the file format that torch has written since 1.6, with its line end.
  yield record('version', Buffer.from('3\n'));
}

function record(name: string, bytes: Uint8Array): StorageInput {
  return { name, size: bytes.byteLength, content: [bytes] };
}
