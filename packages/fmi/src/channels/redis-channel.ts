import { performance } from 'node:perf_hooks';
import { Redis } from 'ioredis';
import type { ChannelFactory } from './channel.ts';
import { ChannelUnavailableError } from '../errors.ts';
import type { Board } from './board.ts';
import { BoardChannel } from './board-channel.ts';

export interface RedisChannelOptions {
  /** Before all keys. Default: `fmi`. */
  readonly folder?: string;
  /** Keys that nobody removes end after this time. Default: 3,600 s. */
  readonly ttlS?: number;
}

/** A wake-up may get lost when the connection does; then a look now and then finds the message. */
const POLL_MS = { first: 20, last: 200 };
const BEAT_MS = 100;
const DEFAULT_TTL_S = 3600;
const CONNECT_MS = 5000;
/** Keys of one SCAN step. */
const SCAN_COUNT = 500;

class RedisBoard implements Board {
  readonly pollMs = POLL_MS;
  readonly beatMs = BEAT_MS;
  readonly #url: string;
  readonly #redis: Redis;
  readonly #wakes: Redis;
  readonly #channel: string;
  readonly #ttlS: number;
  #cause: Error | undefined;

  constructor(url: string, channel: string, ttlS: number) {
    this.#url = url;
    this.#channel = channel;
    this.#ttlS = ttlS;
    const options = { connectTimeout: CONNECT_MS, maxRetriesPerRequest: 1, lazyConnect: true };
    this.#redis = new Redis(url, options);
    this.#wakes = new Redis(url, options);
    // Without a listener ioredis prints to the console; the error comes back with the command that needs the connection.
    for (const connection of [this.#redis, this.#wakes]) {
      connection.on('error', (error: Error) => {
        this.#cause = error;
      });
    }
  }

  watch(rank: number, onPut: (key: string) => void): void {
    this.#wakes.on('message', (_channel: string, key: string) => onPut(key));
    // If this fails, so does the next command of the other connection, which says why; until then polling finds everything.
    this.#wakes.subscribe(`${this.#channel}/${rank}`, `${this.#channel}/all`).catch(() => undefined);
  }

  async put(key: string, bytes: Uint8Array, to: number | undefined): Promise<void> {
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    await this.#run(
      this.#redis
        .pipeline()
        .set(key, body, 'EX', this.#ttlS)
        .publish(`${this.#channel}/${to ?? 'all'}`, key)
        .exec()
        .then((results) => {
          const failed = results?.find(([error]) => error !== null);
          if (failed?.[0]) throw failed[0];
        }),
    );
  }

  async get(key: string): Promise<Buffer | undefined> {
    return (await this.#run(this.#redis.getBuffer(key))) ?? undefined;
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const isFirst = (await this.#run(this.#redis.set(key, body, 'EX', this.#ttlS, 'NX'))) === 'OK';
    if (isFirst) await this.#run(this.#redis.publish(`${this.#channel}/all`, key));
    return isFirst;
  }

  async remove(key: string): Promise<void> {
    await this.#run(this.#redis.unlink(key));
  }

  async removeFolder(folder: string): Promise<void> {
    for await (const keys of this.#redis.scanStream({ match: `${escapeGlob(folder)}/*`, count: SCAN_COUNT })) {
      if ((keys as string[]).length > 0) await this.#run(this.#redis.unlink(...(keys as string[])));
    }
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
    this.#wakes.disconnect();
    return Promise.resolve();
  }

  async #run<T>(command: Promise<T>): Promise<T> {
    try {
      return await command;
    } catch (error) {
      const cause = this.#cause ?? (error as Error);
      throw new ChannelUnavailableError(
        `Redis at ${withoutPassword(this.#url)} failed: ${cause.message || cause.name}. Check that the server runs and can be reached from here.`,
        { cause: error },
      );
    }
  }
}

/** Messages as Redis keys, announced by publish/subscribe. @param url `redis://[user:password@]host:port[/database]` */
export function redis(url: string, options: RedisChannelOptions = {}): ChannelFactory {
  return (setting) => {
    const folder = `${options.folder ?? 'fmi'}/${setting.name}`;
    return new BoardChannel(
      { kind: 'redis', ...setting },
      new RedisBoard(url, `${folder}/wake`, options.ttlS ?? DEFAULT_TTL_S),
      folder,
      () => performance.now(),
    );
  };
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//…@');
}

function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\]/g, (character) => `\\${character}`);
}
