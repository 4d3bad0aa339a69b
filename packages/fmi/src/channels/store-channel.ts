import { performance } from 'node:perf_hooks';
import { NotFoundError, schemeOf, type ObjectStore } from '@cosmicai/store';
import type { ChannelFactory } from './channel.ts';
import type { Board } from './board.ts';
import { BoardChannel } from './board-channel.ts';

export interface StoreChannelOptions {
  /** Folder below which each communicator has one of its own. Default: `fmi`. */
  readonly folder?: string;
  /** Pauses between two looks for a message. Default: 20 to 100 ms in a bucket, 1 to 20 ms on this machine. */
  readonly pollMs?: { readonly first: number; readonly last: number };
}

class StoreBoard implements Board {
  readonly pollMs: Board['pollMs'];
  readonly beatMs: number;
  readonly #store: ObjectStore;

  constructor(store: ObjectStore, pollMs: StoreChannelOptions['pollMs']) {
    const isLocal = schemeOf(store.url)?.isRemote === false;
    this.#store = store;
    // On S3 each look costs money and some 40 ms anyway.
    this.pollMs = pollMs ?? (isLocal ? { first: 1, last: 20 } : { first: 20, last: 100 });
    this.beatMs = isLocal ? 100 : 1000;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.#store.put(key, bytes);
  }

  async get(key: string): Promise<Buffer | undefined> {
    try {
      return await this.#store.get(key);
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    return this.#store.putIfAbsent(key, bytes);
  }

  remove(key: string): Promise<void> {
    return this.#store.delete(key);
  }

  async removeFolder(folder: string): Promise<void> {
    await this.#store.deletePrefix(`${folder}/`);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Messages as objects: needs nothing but the bucket that the run uses anyway. The store stays the caller's. */
export function store(objects: ObjectStore, options: StoreChannelOptions = {}): ChannelFactory {
  return (setting) =>
    new BoardChannel(
      { kind: 'store', ...setting },
      new StoreBoard(objects, options.pollMs),
      `${options.folder ?? 'fmi'}/${setting.name}`,
      () => performance.now(),
    );
}
