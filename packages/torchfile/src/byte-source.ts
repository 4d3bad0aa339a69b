import { NotFoundError, readableAddress, type ObjectStore, type ReadOptions } from '@cosmicai/store';
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

/**
 * An object of the store as a source of ranged reads.
 *
 * @throws NotFoundError when there is no such object
 */
export async function storeSource(store: ObjectStore, key: string): Promise<ByteSource> {
  const info = await store.head(key);
  if (info === undefined) throw new NotFoundError(store.url, key);
  return {
    name: readableAddress(store.url, key),
    size: info.size,
    read: (start, end, options) => store.getRange(key, start, end, options),
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
