import { createHash } from 'node:crypto';
import type { WrittenFile } from '@cosmicai/payload';
import { GrowingObject } from './growing-object.ts';
import type { ObjectStore, ReadOptions } from './object-store.ts';

/** A `GrowingObject` that tells what was written, so that who reads it later can tell whether it is that. */
export class HashedObject implements AsyncDisposable {
  readonly #key: string;
  readonly #object: GrowingObject;
  readonly #hash = createHash('sha256');

  /** @param options its signal, when it fires before `finish` was called, gives the object up */
  constructor(store: ObjectStore, key: string, options?: ReadOptions) {
    this.#key = key;
    this.#object = new GrowingObject(store, key, options);
  }

  /** Resolves when there is room for more. @throws the store's error, the signal's reason */
  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    await this.#object.write(bytes);
  }

  /** SHA-256 of what was written so far. */
  sha256(): string {
    return this.#hash.copy().digest('hex');
  }

  /** @throws the store's error */
  async finish(): Promise<WrittenFile> {
    const { size, etag } = await this.#object.finish();
    return { key: this.#key, size, etag, sha256: this.#hash.digest('hex') };
  }

  /** Leaves nothing unless it is finished. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#object[Symbol.asyncDispose]();
  }
}
