import { isBucketName } from './bucket-address.ts';
import { InvalidAddressError } from './errors.ts';
import type { ObjectStore } from './object-store.ts';
import type { StoreAccess } from './s3/s3-client.ts';
import { schemeOf, SCHEMES } from './schemes.ts';

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
export function openStore(address: string, { base, access = {} }: OpenStoreOptions = {}): ObjectStore {
  const scheme = schemeOf(address);
  if (scheme === undefined && !address.includes(':') && isBucketName(address))
    return openBelow(base ?? process.env.COSMICAI_STORE ?? 's3://', address, access);
  const store = scheme?.open(address, access);
  if (store === undefined) throw namesNoStore(address);
  if (scheme?.isRemote === false && isOnLambda()) {
    throw new InvalidAddressError(
      `${address} is of the machine that a function on AWS happens to run on. Name a bucket or an s3:// address; runs with --target local read folders.`,
    );
  }
  return store;
}

function openBelow(base: string, bucket: string, access: StoreAccess): ObjectStore {
  const scheme = schemeOf(base);
  const address = scheme?.within?.(base, bucket);
  const store = address === undefined ? undefined : scheme?.open(address, access);
  if (store !== undefined) return store;
  const expected = SCHEMES.flatMap(({ examples }) => examples.base ?? []).join(' or ');
  throw new InvalidAddressError(
    `"${base}" is not a base for bucket names: expected ${expected} (COSMICAI_STORE sets the default).`,
  );
}

function namesNoStore(address: string): InvalidAddressError {
  const expected = SCHEMES.map(({ examples }) => examples.store).join(', ');
  return new InvalidAddressError(
    `"${address}" names no store: expected ${expected}, or a bucket name (letters, digits, dots, hyphens; 2 to 63 characters).`,
  );
}

/**
 * Lambda's runtime asks this address for work, so every function has it, and nothing else sets it: neither the local stand-in
 * nor other machines of AWS. COSMICAI_STORE may still name a folder, a mounted file system say: whoever deploys decides that.
 */
function isOnLambda(): boolean {
  return process.env.AWS_LAMBDA_RUNTIME_API !== undefined;
}
