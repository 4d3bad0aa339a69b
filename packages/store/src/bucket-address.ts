import type { ParsedAddress } from './scheme.ts';

/** S3's own buckets have 3 to 63 characters, lower case; older ones and folders may be shorter or have capitals. */
const BUCKET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/;

export function isBucketName(name: string): boolean {
  return BUCKET_NAME.test(name);
}

/**
 * Splits `<scheme>://bucket/some/key` at the first slash after the bucket. The key is taken as it is, without percent-decoding.
 *
 * @returns undefined for anything else
 */
export function bucketAddress(scheme: string, address: string): ParsedAddress | undefined {
  const start = `${scheme}://`;
  if (!address.startsWith(start)) return undefined;
  const [bucket = '', ...key] = address.slice(start.length).split('/');
  return isBucketName(bucket) ? { store: `${start}${bucket}`, key: key.join('/') } : undefined;
}
