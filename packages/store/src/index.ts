export type {
  Body,
  HeadOptions,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  ReadOptions,
  SkippedEntry,
  StreamOptions,
  WriteOptions,
  VersionOptions,
  WrittenObject,
} from './object-store.ts';
export {
  AccessDeniedError,
  ArchivedError,
  ChangedError,
  InvalidAddressError,
  NoSuchBucketError,
  NotFoundError,
  StoreEnvironmentError,
  StoreError,
} from './errors.ts';
export { addressWithin, parseAddress } from './address.ts';
export type { ParsedAddress, StoreScheme } from './scheme.ts';
export { pathAt, schemeOf } from './schemes.ts';
export { readableAddress } from './readable-address.ts';
export { bucketAndPrefix, checkName, folderAddress, resultsLocation } from './folder-address.ts';
export { dataAccess } from './data-access.ts';
export type { StoreAccess } from './s3/s3-client.ts';
export { openStore, type OpenStoreOptions } from './open-store.ts';
export { kindOf } from './file/file-kind.ts';
export { makeFolder } from './file/make-folder.ts';
export {
  beginFile,
  makeNamedFolder,
  removeBegunFiles,
  writeNamedFile,
  type Content,
  type MadeFolder,
  type NamedFile,
} from './file/named-file.ts';
export { whyRefused } from './file/why-refused.ts';
export { codeOf } from './file/file-errors.ts';
export { fileStore, type FileStoreOptions } from './file/file-store.ts';
export { requestsSince, requestsSoFar, type StoreRequests } from './requests.ts';
export { hashObject, sha256Of } from './sha256.ts';
export { isSealBroken, isSealed, sealedText } from './sealed-text.ts';
export { inPieces, pieceSizes, piecesOf, type PieceSizes, type PiecesOptions } from './pieces.ts';
export {
  bufferSource,
  storeSource,
  type ByteReadOptions,
  type ByteSource,
  type SourceVersion,
  type StoreSource,
} from './byte-source.ts';
export { compareKeys } from './key.ts';
export { getIfThere } from './get-if-there.ts';
export { GrowingObject } from './growing-object.ts';
export { HashedObject } from './hashed-object.ts';
export { listAll, type Listing } from './list-all.ts';
export { compareFile, sendFile, type FileToSend } from './send-file.ts';
