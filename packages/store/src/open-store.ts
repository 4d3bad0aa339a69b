import { placeOf } from './address.ts';
import { InvalidAddressError } from './errors.ts';
import { fileStore } from './file/file-store.ts';
import type { ObjectStore } from './object-store.ts';
import type { StoreAccess } from './s3/s3-client.ts';
import { s3Store } from './s3/s3-store.ts';

export interface OpenStoreOptions {
  /**
   * Where a bare bucket name resolves: `s3://`, or `file:///some/root`, below which each bucket is a folder. Default: the
   * environment variable COSMICAI_STORE, else `s3://`.
   */
  readonly base?: string;
  /** How a bucket is asked; folders don't care. */
  readonly access?: StoreAccess;
}

/**
 * The store that an address names: `s3://bucket`, `file:///folder`, or a bare bucket name. Opening touches neither network
 * nor disk; a bucket or folder that doesn't exist is a NoSuchBucketError on first use.
 *
 * @throws InvalidAddressError; also for a file:/// address in a function on AWS, where a payload's author must not reach its files
 */
export function openStore(address: string, options: OpenStoreOptions = {}): ObjectStore {
  const base = options.base ?? process.env.COSMICAI_STORE ?? 's3://';
  const place = placeOf(address, base);
  if (address.startsWith('file:') && isOnLambda()) {
    throw new InvalidAddressError(
      `${address} is a folder of the machine that a function on AWS happens to run on. Name a bucket or an s3:// address; runs with --target local read folders.`,
    );
  }
  return 'bucket' in place ? s3Store(place.bucket, options.access) : fileStore(place.folder, { create: false });
}

/**
 * Lambda's runtime asks this address for work, so every function has it, and nothing else sets it: neither the local stand-in
 * nor other machines of AWS. COSMICAI_STORE may still name a folder, a mounted file system say: whoever deploys decides that.
 */
function isOnLambda(): boolean {
  return process.env.AWS_LAMBDA_RUNTIME_API !== undefined;
}
