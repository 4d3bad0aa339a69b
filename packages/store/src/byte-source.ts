import { NotFoundError } from './errors.ts';
import type { ObjectInfo, ObjectStore, ReadOptions } from './object-store.ts';
import { readableAddress } from './readable-address.ts';

export interface ByteReadOptions extends ReadOptions {
  /** Nothing near these bytes is read before or after them, so that reading more than them is of no use. */
  readonly scattered?: boolean;
}

/** Random access to the bytes of one immutable file. */
export interface ByteSource {
  /** Names the file in messages. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Bytes [start, end). The result may be a view and must not be changed. */
  read(start: number, end: number, options?: ByteReadOptions): Promise<Uint8Array>;
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
