import { InvalidAddressError } from './errors.ts';
import type { ParsedAddress } from './scheme.ts';
import { schemeOf, SCHEMES } from './schemes.ts';

/**
 * Splits the address of an object into its store and its key: `s3://bucket/some/key` at the first slash after the bucket,
 * `file:///folder/name` at the last one. An address that ends in a slash after the bucket or folder names the store alone.
 *
 * @throws InvalidAddressError for anything else
 */
export function parseAddress(address: string): ParsedAddress {
  const parsed = schemeOf(address)?.parse(address);
  if (parsed !== undefined) return parsed;
  const expected = SCHEMES.map(({ examples }) => examples.object).join(' or ');
  throw new InvalidAddressError(`"${address}" is not an address: expected ${expected}.`);
}

/**
 * Where an object lies that is named by its address or, within a bucket, by its key.
 *
 * @throws InvalidAddressError
 */
export function addressWithin(bucket: string, named: string): ParsedAddress {
  return named.includes('://') ? parseAddress(named) : { store: bucket, key: named };
}
