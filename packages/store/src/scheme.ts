import type { ObjectStore } from './object-store.ts';
import type { StoreAccess } from './s3/s3-client.ts';

export interface ParsedAddress {
  /** Address of the store, for `openStore`: `s3://bucket` or `file:///folder`. */
  readonly store: string;
  /** Empty when the address names a store only. */
  readonly key: string;
}

/** One kind of store: how its addresses are read, and how it is opened. `schemes.ts` lists all that there are. */
export interface StoreScheme {
  /** What stands before `://`. */
  readonly name: string;
  /** Addresses as messages show them: of an object, of a store, and where bare bucket names may lie, if they may. */
  readonly examples: { readonly object: string; readonly store: string; readonly base?: string };
  /** Does an address mean the same objects on every machine? The functions of a stage on AWS are given no others. */
  readonly isRemote: boolean;
  /**
   * Splits the address of an object; one of a store alone has no key.
   *
   * @returns undefined for what is not an address, though it begins with the scheme
   * @throws InvalidAddressError where it can say more than that
   */
  parse(address: string): ParsedAddress | undefined;
  /**
   * Opens the store of an address, without touching network or disk: a store that doesn't exist is a NoSuchBucketError on first
   * use.
   *
   * @returns undefined for what names no store, though it begins with the scheme
   */
  open(address: string, access: StoreAccess): ObjectStore | undefined;
  /** The address of the store that a bare bucket name means below a base; undefined for what is not a base. */
  within?(base: string, bucket: string): string | undefined;
  /**
   * The path of what an address names, where stores are folders of this machine: each folder is a store then, and lies in the one
   * that its parent is. Others have buckets, and keys below them.
   *
   * @throws InvalidAddressError for an address that no file can have
   */
  path?(address: string): string;
}
