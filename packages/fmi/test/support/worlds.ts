import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openStore, StoreError, type ObjectStore } from '@cosmicai/store';
import { createConnector, startRendezvous, type ConnectorOptions } from '@cosmicai/rendezvous';
import {
  Communicator,
  deriveRunKey,
  direct,
  memory,
  MemoryHub,
  type ChannelFactory,
  type CommunicatorOptions,
} from '../../src/index.ts';
import { redis, store } from '../../src/boards.ts';
import { Loopback } from './loopback.ts';

export type WorldOptions = Partial<Omit<CommunicatorOptions, 'channels'>>;

/** All ranks of a world in this process. */
export interface TestWorld extends AsyncDisposable {
  readonly ranks: readonly Communicator[];
  /** Cuts a rank off without a good-bye. */
  lose(rank: number): void;
  /** Runs the program of every rank at the same time; the results by rank. */
  all<T>(program: (communicator: Communicator, rank: number) => Promise<T>): Promise<T[]>;
  /** The same, but failures are results too. */
  settle<T>(program: (communicator: Communicator, rank: number) => Promise<T>): Promise<PromiseSettledResult<T>[]>;
}

export type WorldMaker = (size: number, options?: WorldOptions) => Promise<TestWorld>;

let worlds = 0;

export function testWorld(
  ranks: readonly Communicator[],
  lose: (rank: number) => void,
  close: () => Promise<void> | void,
): TestWorld {
  let isClosed = false;
  return {
    ranks,
    lose,
    all: (program) => Promise.all(ranks.map(program)),
    settle: (program) => Promise.allSettled(ranks.map(program)),
    async [Symbol.asyncDispose]() {
      if (isClosed) return;
      isClosed = true;
      await Promise.all(ranks.map((communicator) => communicator[Symbol.asyncDispose]()));
      await close();
    },
  };
}

export function uniqueName(): string {
  return `world-${process.pid}-${worlds++}`;
}

export const memoryWorld: WorldMaker = async (size, options = {}) => {
  const hub = new MemoryHub();
  const name = options.name ?? uniqueName();
  const ranks = Array.from(
    { length: size },
    (_, rank) => new Communicator(rank, size, { ...options, name, channels: [memory(hub)] }),
  );
  return testWorld(
    ranks,
    (rank) => hub.lose(rank),
    () => undefined,
  );
};

export const directWorld: WorldMaker = async (size, options = {}) => {
  const loopback = await new Loopback(size).listen();
  const name = options.name ?? uniqueName();
  const connectors = Array.from({ length: size }, (_, rank) => loopback.connector(rank));
  const ranks = connectors.map(
    (connector, rank) => new Communicator(rank, size, { ...options, name, channels: [direct(connector)] }),
  );
  return testWorld(
    ranks,
    (rank) => connectors[rank]!.destroy(),
    () => loopback.close(),
  );
};

/** @param leftBehind called with the names of what the world left in its folder */
export function fileStoreWorld(leftBehind?: (names: string[]) => void): WorldMaker {
  return async (size, options = {}) => {
    const folder = await mkdtemp(join(tmpdir(), 'fmi-store-'));
    const objects = openStore(pathToFileURL(folder).href);
    return boardWorld(
      size,
      options,
      () => store(objects),
      async () => {
        const names: string[] = [];
        for await (const { key } of objects.list('')) names.push(key);
        leftBehind?.(names);
        await rm(folder, { recursive: true });
      },
    );
  };
}

/** Worlds below a bucket of moto, which answers at once, so that there is no need to wait as on S3. */
export function motoWorld(bucket: string): WorldMaker {
  const objects = readingAgain(openStore(bucket));
  return async (size, options = {}) =>
    boardWorld(
      size,
      options,
      () => store(objects, { pollMs: { first: 2, last: 50 } }),
      () => undefined,
    );
}

/**
 * moto 5.2 computes the ETag of a new object from the very file handle that it serves others from (FakeKey.etag takes no lock), so
 * those who read a large object as soon as it is there may get a part of it, and then another ETag when they ask for the rest.
 */
function readingAgain(objects: ObjectStore): ObjectStore {
  const get: ObjectStore['get'] = async (key, options) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await objects.get(key, options);
      } catch (error) {
        const isOdd = error instanceof StoreError && error.message.includes('was replaced while it was read');
        if (!isOdd || attempt === READS) throw error;
      }
    }
  };
  return new Proxy(objects, {
    get: (target, name): unknown => {
      if (name === 'get') return get;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as (...given: unknown[]) => unknown).bind(target) : value;
    },
  });
}

const READS = 10;

export function redisWorld(url: string): WorldMaker {
  return async (size, options = {}) =>
    boardWorld(
      size,
      options,
      () => redis(url),
      () => undefined,
    );
}

function boardWorld(
  size: number,
  options: WorldOptions,
  channel: () => ChannelFactory,
  close: () => Promise<void> | void,
): TestWorld {
  const name = options.name ?? uniqueName();
  const ranks = Array.from(
    { length: size },
    (_, rank) => new Communicator(rank, size, { ...options, name, channels: [channel()] }),
  );
  return testWorld(ranks, () => undefined, close);
}

const SECRET = 'a secret for tests only';

/** Real connectors and a rendezvous server of its own, all in this process. */
export function rendezvousWorld(
  kind: 'direct' | 'relay',
  connector: Pick<ConnectorOptions, 'encrypt' | 'unixSockets'> = {},
): WorldMaker {
  return async (size, options = {}) => {
    const server = await startRendezvous({ port: 0, healthPort: 0, host: '127.0.0.1', secrets: [SECRET] });
    const runId = options.name ?? uniqueName();
    const connectors = await Promise.all(
      Array.from({ length: size }, (_, rank) =>
        createConnector({
          rendezvous: { host: '127.0.0.1', port: server.port },
          runId,
          runKey: deriveRunKey(SECRET, runId),
          rank,
          worldSize: size,
          allowDirect: kind === 'direct',
          ...connector,
        }),
      ),
    );
    const ranks = connectors.map(
      (connector, rank) =>
        new Communicator(rank, size, { ...options, name: runId, channels: [direct(connector, kind)] }),
    );
    return testWorld(
      ranks,
      () => undefined,
      () => server.close(0),
    );
  };
}
