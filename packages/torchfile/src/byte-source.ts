import { NotFoundError, readableAddress, type ObjectInfo, type ObjectStore, type ReadOptions } from '@cosmicai/store';
import { MalformedTorchFileError } from './errors.ts';

/** Random access to the bytes of one immutable file. */
export interface ByteSource {
  /** Names the file in messages. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Bytes [start, end). The result may be a view and must not be changed. */
  read(start: number, end: number, options?: ReadOptions): Promise<Uint8Array>;
}

/** One version of an object: bytes, and the store's name of it. */
export type SourceVersion = Pick<ObjectInfo, 'size' | 'etag'>;

/** A source whose reads all see the same version of an object. */
export interface StoreSource extends ByteSource, SourceVersion {}

/**
 * One version of an object of the store as a source of ranged reads, which are ChangedErrors when it is there no more.
 *
 * @param version default: the one that is there now
 * @throws NotFoundError when there is no such object
 */
export async function storeSource(store: ObjectStore, key: string, version?: SourceVersion): Promise<StoreSource> {
  const found = version ?? (await store.head(key));
  if (found === undefined) throw new NotFoundError(store.url, key);
  const { size, etag } = found;
  return {
    name: readableAddress(store.url, key),
    size,
    etag,
    read: (start, end, options) => store.getRange(key, start, end, { ...options, ifMatch: etag }),
  };
}

/** Bytes already in memory as a source. */
export function bufferSource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    async read(start, end) {
      return bytes.subarray(start, end);
    },
  };
}

/** Reads exactly [start, end). A range that leaves the file, or an answer that is too short, is a typed error. */
export async function readExactly(
  source: ByteSource,
  start: number,
  end: number,
  options?: ReadOptions,
): Promise<Uint8Array> {
  options?.signal?.throwIfAborted();
  if (!(start >= 0 && end >= start && end <= source.size)) {
    throw new MalformedTorchFileError(
      source.name,
      start,
      `needs bytes ${start} to ${end}, but the file has ${source.size}: it is truncated or damaged`,
    );
  }
  if (start === end) return new Uint8Array(0);
  const bytes = await source.read(start, end, options);
  if (bytes.byteLength !== end - start) {
    throw new MalformedTorchFileError(
      source.name,
      start,
      `asked for ${end - start} bytes and got ${bytes.byteLength}: the file changed while it was read`,
    );
  }
  return bytes;
}
