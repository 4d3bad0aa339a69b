import { fileScheme } from './file/file-scheme.ts';
import { s3Scheme } from './s3/s3-scheme.ts';
import type { StoreScheme } from './scheme.ts';

/** Every kind of store that addresses name. */
export const SCHEMES: readonly StoreScheme[] = [s3Scheme, fileScheme];

/** The kind of store that an address is of; undefined for bare names, paths and schemes that are not known. */
export function schemeOf(address: string): StoreScheme | undefined {
  return SCHEMES.find(({ name }) => address.startsWith(`${name}://`));
}

/**
 * The path of what an address names on this machine; undefined for what lies elsewhere or is not an address.
 *
 * @throws InvalidAddressError for an address of a file that no file can have
 */
export function pathAt(address: string): string | undefined {
  return schemeOf(address)?.path?.(address);
}
