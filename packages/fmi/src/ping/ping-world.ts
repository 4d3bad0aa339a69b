import { randomBytes, randomUUID } from 'node:crypto';
import { LARGEST_PING } from '@cosmicai/payload';
import { MessageError } from '../errors.ts';
import type { Hint } from '../policy/policy.ts';
import { deriveRunKey, startRendezvous, type Endpoint } from '@cosmicai/rendezvous';
import { mergePing, type PingReport } from './merge.ts';
import type { Turns } from './pairs.ts';
import { pingRank } from './ping-rank.ts';

export interface PingOptions {
  /** Peers to connect, all in this process: 1 to 64. */
  readonly worldSize: number;
  /** The server to meet at. Default: one of its own, in this process, for the time of the ping. */
  readonly rendezvous?: Endpoint;
  /** The server's secret, from which the ping's key is derived; needed with `rendezvous`. */
  readonly secret?: string;
  /** Default: direct, with the relay where no direct path is found. */
  readonly path?: 'direct' | 'relay';
  readonly encrypt?: boolean;
  /** For the policy table. Defaults: fast, 1024 MiB, 1024 bytes. */
  readonly hint?: Hint;
  readonly memoryMiB?: number;
  readonly bytes?: number;
  /** For each operation. Default: 10,000 ms. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

const KEY_BYTES = 32;
/** Peers of one process begin at once. */
const PATIENCE_MS = 10_000;

/**
 * Connects `worldSize` peers, measures every pair and checks every operation. All peers live in this process, so latency and bandwidth
 * include both ends' work on one event loop: a lower bound of what separate machines with such a path would see.
 *
 * @throws MessageError for a wrong world size or a server without its secret; the signal's reason. What fails on the way is reported,
 *   not thrown.
 */
export async function pingWorld(options: PingOptions): Promise<PingReport> {
  const { worldSize } = options;
  if (!Number.isInteger(worldSize) || worldSize < 1 || worldSize > LARGEST_PING) {
    throw new MessageError(`World size is ${worldSize}; allowed: 1 to ${LARGEST_PING} peers in one process.`);
  }
  if (options.rendezvous !== undefined) {
    if (options.secret === undefined)
      throw new MessageError('A rendezvous server needs its secret: give it with the endpoint.');
    return pingThrough(options, options.rendezvous, options.secret, false);
  }
  const secret = options.secret ?? randomBytes(KEY_BYTES).toString('hex');
  const server = await startRendezvous({ host: '127.0.0.1', port: 0, healthPort: 0, secrets: [secret] });
  try {
    return await pingThrough(options, { host: '127.0.0.1', port: server.port }, secret, true);
  } finally {
    await server.close(0);
  }
}

async function pingThrough(
  options: PingOptions,
  rendezvous: Endpoint,
  secret: string,
  ownServer: boolean,
): Promise<PingReport> {
  const { worldSize, path = 'direct', encrypt = false, deadlineMs, signal } = options;
  const pingId = `ping-${randomUUID()}`;
  const runKey = deriveRunKey(secret, pingId);
  const turn = oneAtATime();
  const answers = await Promise.all(
    Array.from({ length: worldSize }, (_, rank) =>
      pingRank({
        pingId,
        rank,
        worldSize,
        rendezvous,
        runKey: () => Promise.resolve(runKey),
        path,
        encrypt,
        patienceMs: PATIENCE_MS,
        turn,
        ...(deadlineMs !== undefined && { deadlineMs }),
        ...(signal && { signal }),
      }),
    ),
  );
  return mergePing(answers, { ...options, worldSize, rendezvous, ownServer });
}

function oneAtATime(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return async (measure) => {
    const turn = last.then(measure);
    last = turn.catch(() => undefined);
    return turn;
  };
}
