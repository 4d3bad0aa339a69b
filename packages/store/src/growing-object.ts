import { PassThrough } from 'node:stream';
import type { ObjectStore, ReadOptions, WrittenObject } from './object-store.ts';

/** As many bytes are kept and written at once, which is one request; what grows beyond goes to the store as it comes. */
const KEPT_BYTES = 8 * 2 ** 20;

/**
 * An object that is written as it comes into being, and of which no more than 8 MB (to a bucket: the parts under way besides) are in memory.
 * It appears whole when it is finished; one that isn't leaves nothing.
 */
export class GrowingObject implements AsyncDisposable {
  readonly #store: ObjectStore;
  readonly #key: string;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal | undefined;
  readonly #abort = () => this.#stop.abort(this.#signal?.reason);
  #kept: Uint8Array[] = [];
  #bytes = 0;
  #growing: { readonly stream: PassThrough; readonly put: Promise<WrittenObject> } | undefined;
  #finished = false;

  /** @param options its signal, when it fires before `finish` was called, gives the object up */
  constructor(store: ObjectStore, key: string, { signal }: ReadOptions = {}) {
    this.#store = store;
    this.#key = key;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#abort);
  }

  /** Resolves when there is room for more. @throws the store's error, the signal's reason */
  async write(bytes: Uint8Array): Promise<void> {
    this.#stop.signal.throwIfAborted();
    if (this.#growing !== undefined) {
      await this.#send(bytes);
      return;
    }
    this.#kept.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes <= KEPT_BYTES) return;
    const stream = new PassThrough();
    const { signal } = this.#stop;
    const put = this.#store.put(this.#key, stream, { signal });
    this.#growing = { stream, put };
    // Whoever writes next is told of a failure by `put`.
    stream.on('error', () => undefined);
    put.catch(() => undefined);
    for (const part of this.#kept.splice(0)) await this.#send(part);
  }

  /** @throws the store's error */
  async finish(): Promise<WrittenObject> {
    this.#stop.signal.throwIfAborted();
    this.#finished = true;
    this.#signal?.removeEventListener('abort', this.#abort);
    if (this.#growing === undefined) return await this.#store.put(this.#key, Buffer.concat(this.#kept));
    this.#growing.stream.end();
    return await this.#growing.put;
  }

  /** Gives the object up unless it is finished. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#abort);
    if (this.#finished || this.#growing === undefined) return;
    const { stream, put } = this.#growing;
    const reason = new Error(`"${this.#key}" was given up.`);
    this.#stop.abort(reason);
    stream.destroy(reason);
    await put.catch(() => undefined);
  }

  async #send(bytes: Uint8Array): Promise<void> {
    if (this.#growing === undefined) return;
    const { stream, put } = this.#growing;
    // A stream that nobody reads any more never takes it; why, `put` says.
    await Promise.race([new Promise((resolve) => stream.write(bytes, resolve)), put]);
  }
}
