import { basename, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { InvalidAddressError } from './errors.ts';

/** S3's own buckets have 3 to 63 characters, lower case; older ones and folders may be shorter or have capitals. */
const BUCKET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/;

export interface ParsedAddress {
  /** Address of the store, for `openStore`: `s3://bucket` or `file:///folder`. */
  readonly store: string;
  /** Empty when the address names a store only. */
  readonly key: string;
}

/**
 * Splits the address of an object: `s3://bucket/some/key` at the first slash after the bucket, taken as it is, without
 * percent-decoding; `file:///folder/name` at the last slash, so that the store is the folder the file lies in. An address
 * that ends in a slash after the bucket or folder names the store alone.
 *
 * @throws InvalidAddressError for anything else
 */
export function parseAddress(address: string): ParsedAddress {
  const [, bucket, key = ''] = /^s3:\/\/([^/]+)(?:\/([^]*))?/.exec(address) ?? [];
  if (bucket !== undefined && BUCKET_NAME.test(bucket)) return { store: `s3://${bucket}`, key };
  if (!address.startsWith('file:///')) {
    throw new InvalidAddressError(`"${address}" is not an address: expected s3://bucket/key or file:///folder/name.`);
  }
  const path = localPath(address);
  if (address.endsWith('/')) return { store: pathToFileURL(path).href.replace(/\/$/, ''), key: '' };
  return { store: pathToFileURL(dirname(path)).href, key: basename(path) };
}

/**
 * Where an object lies that is named by its address or, within a bucket, by its key.
 *
 * @throws InvalidAddressError
 */
export function addressWithin(bucket: string, named: string): ParsedAddress {
  return named.includes('://') ? parseAddress(named) : { store: bucket, key: named };
}

export type StorePlace = { readonly bucket: string } | { readonly folder: string };

/**
 * What an address or a bare bucket name means.
 *
 * @param base where bare names resolve: `s3://`, or a folder that holds one folder for each bucket
 */
export function placeOf(address: string, base: string): StorePlace {
  if (address.startsWith('file:///')) return { folder: localPath(address) };
  const bucket = /^s3:\/\/([^/]+)\/?$/.exec(address)?.[1];
  if (bucket !== undefined && BUCKET_NAME.test(bucket)) return { bucket };
  if (address.includes(':') || !BUCKET_NAME.test(address)) {
    throw new InvalidAddressError(
      `"${address}" names no store: expected s3://bucket, file:///folder, or a bucket name (letters, digits, dots, hyphens; 2 to 63 characters).`,
    );
  }
  if (base === 's3://') return { bucket: address };
  if (base.startsWith('file:///')) return { folder: localPath(`${base.replace(/\/+$/, '')}/${address}`) };
  throw new InvalidAddressError(
    `"${base}" is not a base for bucket names: expected "s3://" or file:///some/root (COSMICAI_STORE sets the default).`,
  );
}

/** Path of a `file:///` address. @throws InvalidAddressError for one that no file can have */
export function localPath(address: string): string {
  try {
    return fileURLToPath(address);
  } catch (cause) {
    throw new InvalidAddressError(`"${address}" is not an address of a local file: ${(cause as Error).message}.`, {
      cause,
    });
  }
}
