import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { itemAt } from '@cosmicai/payload';
import { openStore, StoreError, type ObjectStore } from '@cosmicai/store';
import { createConnector, startRendezvous, type ConnectorOptions } from '@cosmicai/rendezvous';
import { deriveRunKey, direct, memory, MemoryHub } from '../../src/index.ts';
import { redis, store } from '../../src/boards.ts';
import { uniqueName, worldOf, type WorldMaker } from '../../src/conformance.ts';
import { Loopback } from './loopback.ts';

export const memoryWorld: WorldMaker = async (size, options) => {
  const hub = new MemoryHub();
  return worldOf({ size, options, channel: () => memory(hub), lose: (rank) => hub.lose(rank) });
};

export const directWorld: WorldMaker = async (size, options) => {
  const loopback = await new Loopback(size).listen();
  const connectors = Array.from({ length: size }, (_, rank) => loopback.connector(rank));
  return worldOf({
    size,
    options,
    channel: (rank) => direct(itemAt(connectors, rank)),
    lose: (rank) => itemAt(connectors, rank).destroy(),
    close: () => loopback.close(),
  });
};

/** @param leftBehind called with the names of what the world left in its folder */
export function fileStoreWorld(leftBehind?: (names: string[]) => void): WorldMaker {
  return async (size, options) => {
    const folder = await mkdtemp(join(tmpdir(), 'fmi-store-'));
    const objects = openStore(pathToFileURL(folder).href);
    return worldOf({
      size,
      options,
      channel: () => store(objects),
      close: async () => {
        const names: string[] = [];
        for await (const { key } of objects.list('')) names.push(key);
        leftBehind?.(names);
        await rm(folder, { recursive: true });
      },
    });
  };
}

/** Worlds below a bucket of moto, which answers at once, so that there is no need to wait as on S3. */
export function motoWorld(bucket: string): WorldMaker {
  const objects = readingAgain(openStore(bucket));
  return async (size, options) =>
    worldOf({ size, options, channel: () => store(objects, { pollMs: { first: 2, last: 50 } }) });
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
  return async (size, options) => worldOf({ size, options, channel: () => redis(url) });
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
    return worldOf({
      size,
      options: { ...options, name: runId },
      channel: (rank) => direct(itemAt(connectors, rank), kind),
      close: () => server.close(0),
    });
  };
}
