export type {
  Body,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  ReadOptions,
  StreamOptions,
  WrittenObject,
} from './object-store.ts';
export {
  AccessDeniedError,
  InvalidAddressError,
  NoSuchBucketError,
  NotFoundError,
  StoreEnvironmentError,
  StoreError,
} from './errors.ts';
export { parseAddress, type ParsedAddress } from './address.ts';
export { openStore, type OpenStoreOptions } from './open-store.ts';
export { fileStore, type FileStoreOptions } from './file/file-store.ts';
export { compareKeys } from './key.ts';
