import { placeOf } from './address.ts';
import { fileStore } from './file/file-store.ts';
import type { ObjectStore } from './object-store.ts';
import { s3Store } from './s3/s3-store.ts';

export interface OpenStoreOptions {
  /**
   * Where a bare bucket name resolves: `s3://`, or `file:///some/root`, below which each bucket is a folder. Default: the
   * environment variable COSMICAI_STORE, else `s3://`.
   */
  readonly base?: string;
}

/**
 * The store that an address names: `s3://bucket`, `file:///folder`, or a bare bucket name. Opening touches neither network
 * nor disk; a bucket or folder that doesn't exist is a NoSuchBucketError on first use.
 *
 * @throws InvalidAddressError
 */
export function openStore(address: string, options: OpenStoreOptions = {}): ObjectStore {
  const base = options.base ?? process.env.COSMICAI_STORE ?? 's3://';
  const place = placeOf(address, base);
  return 'bucket' in place ? s3Store(place.bucket) : fileStore(place.folder, { create: false });
}
