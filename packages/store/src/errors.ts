import { EnvironmentError, RemoteError, UserInputError } from '@cosmicai/payload';
import { readableAddress } from './readable-address.ts';

/** No object has this key. */
export class NotFoundError extends UserInputError {
  readonly store: string;
  readonly key: string;

  constructor(store: string, key: string, options?: ErrorOptions) {
    super(
      `No object "${key}" in ${readableAddress(store)}. Check the key; list the folder to see what is there.`,
      options,
    );
    this.store = store;
    this.key = key;
  }
}

/** The object is no longer the version that was asked for: it was replaced, or changed in place. */
export class ChangedError extends UserInputError {
  readonly store: string;
  readonly key: string;

  constructor(store: string, key: string, options?: ErrorOptions) {
    super(`"${key}" in ${readableAddress(store)} has changed since it was looked up.`, options);
    this.store = store;
    this.key = key;
  }
}

/** The bucket, or the folder that stands for it, does not exist. */
export class NoSuchBucketError extends UserInputError {
  readonly store: string;

  constructor(store: string, options?: ErrorOptions) {
    super(
      store.startsWith('file:')
        ? `There is no folder ${readableAddress(store)}. Create it or correct its address.`
        : `There is no bucket ${store}. Check the name, the account and the region.`,
      options,
    );
    this.store = store;
  }
}

/** An address, key or byte range that no store could accept. */
export class InvalidAddressError extends UserInputError {}

/** The object lies in an archive from which it must be restored before it can be read. */
export class ArchivedError extends UserInputError {
  readonly store: string;
  readonly key: string;

  constructor(store: string, key: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.store = store;
    this.key = key;
  }
}

/** The store is there but this caller may not do that with it, or has no credentials at all. */
export class AccessDeniedError extends EnvironmentError {
  readonly store: string;

  constructor(store: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.store = store;
  }
}

/** This machine can't serve the request: disk full, too many open files, no region configured. */
export class StoreEnvironmentError extends EnvironmentError {}

/** The store failed to answer properly, after the SDK's own retries; a later try may help. */
export class StoreError extends RemoteError {
  readonly store: string;

  constructor(store: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.store = store;
  }
}
