import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openStore } from '@cosmicai/store';
import { Redis } from 'ioredis';
import { Communicator, PeerLostError, type ChannelFactory } from '../src/index.ts';
import { redis, store } from '../src/boards.ts';
import { uniqueName } from '../src/conformance.ts';
import { hasRedisServer, startRedis } from './support/redis-server.ts';

const PEER = fileURLToPath(new URL('support/board-peer.ts', import.meta.url));
const VICTIM = 2;
const SIZE = 3;
/** Ample for a healthy rank, and time for three rounds of enquiries. */
const DEADLINE_MS = 2_000;

interface Board {
  readonly kind: 'store' | 'redis';
  readonly address: string;
  readonly channel: () => ChannelFactory;
  readonly exists: (key: string) => Promise<boolean>;
}

/** Kills a rank that has shown signs of life while it waited; what the others then say of the second barrier after that. */
async function killWhileItWaits({ kind, address, channel, exists }: Board): Promise<unknown[]> {
  const name = uniqueName();
  const peer = fork(PEER, [kind, address, name, String(VICTIM), String(SIZE)], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const survivors = [0, 1].map(
    (rank) => new Communicator(rank, SIZE, { name, channels: [channel()], deadlineMs: DEADLINE_MS }),
  );
  // The process takes a while to start.
  await Promise.all(survivors.map((c) => c.barrier({ deadlineMs: 60_000 })));
  while (!(await exists(`fmi/${name}/status/${VICTIM}`))) await setTimeout(5);
  const exited = once(peer, 'exit');
  peer.kill('SIGKILL');
  await exited;
  const errors = await Promise.all(
    survivors.map(async (c): Promise<unknown> => {
      // The killed rank has posted its part of the barrier that it waited in, so that one still comes to its end.
      for (let round = 0; ; round++) {
        const error = await c.barrier().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error !== undefined) return error;
        if (round > 1) return `barrier ${round} went through without rank ${VICTIM}`;
      }
    }),
  );
  await Promise.all(survivors.map((c) => c.close()));
  return errors;
}

function expectNamed(errors: readonly unknown[]): void {
  expect(errors).toEqual(errors.map(() => expect.any(PeerLostError) as unknown));
  expect(errors.map((error) => (error as PeerLostError).rank)).toEqual(errors.map(() => VICTIM));
}

describe('kill -9 of a rank that waits in an operation', () => {
  it('is found out by the deadline on a store', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fmi-killed-'));
    const address = pathToFileURL(folder).href;
    const objects = openStore(address);
    expectNamed(
      await killWhileItWaits({
        kind: 'store',
        address,
        channel: () => store(objects),
        exists: async (key) => (await objects.head(key)) !== undefined,
      }),
    );
    await rm(folder, { recursive: true });
  });

  (hasRedisServer() ? it : it.skip)('is found out by the deadline on Redis', async () => {
    const server = await startRedis();
    const keys = new Redis(server.url);
    expectNamed(
      await killWhileItWaits({
        kind: 'redis',
        address: server.url,
        channel: () => redis(server.url),
        exists: async (key) => (await keys.exists(key)) === 1,
      }),
    );
    keys.disconnect();
    await server.stop();
  });
});
