import { randomBytes, randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { direct } from '../channels/direct-channel.ts';
import { Communicator } from '../communicator.ts';
import { MessageError } from '../errors.ts';
import type { ChannelKind } from '../channels/channel.ts';
import { operationKinds, type OperationKind } from '../operation.ts';
import { explainPolicy, type Hint, type PolicyExplanation } from '../policy/policy.ts';
import {
  createConnector,
  deriveRunKey,
  startRendezvous,
  type Endpoint,
  type PeerConnector,
} from '../rendezvous/index.ts';
import { checkCollectives, type CollectiveReport } from './collectives.ts';
import { measurePair, type PairReport } from './pairs.ts';

export interface PingOptions {
  /** Peers to connect, all in this process: 1 to 64. */
  readonly worldSize: number;
  /** The server to meet at. Default: one of its own, in this process, for the time of the ping. */
  readonly rendezvous?: Endpoint;
  /** The server's secret, from which the run's key is derived; needed with `rendezvous`. */
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

export interface PingReport {
  readonly worldSize: number;
  readonly rendezvous: Endpoint;
  /** Did the ping bring its own rendezvous server? */
  readonly ownServer: boolean;
  /** Until all ranks were accepted by the rendezvous server. */
  readonly joinMs: number;
  /** From then until the first barrier was over, all links of it included. */
  readonly setUpMs: number;
  readonly pairs: readonly PairReport[];
  readonly collectives: readonly CollectiveReport[];
  /** For each operation, which channel the policy would take among all kinds that leave this process. */
  readonly policy: readonly (PolicyExplanation & { readonly operation: OperationKind })[];
}

const LARGEST_PING = 64;
const DEFAULT_DEADLINE_MS = 10_000;
const KEY_BYTES = 32;
/** All but `split`, which is an allgather. */
const explained = operationKinds.filter((kind) => kind !== 'split');
const explainedChannels: readonly ChannelKind[] = ['direct', 'relay', 'redis', 'store'];

/**
 * Connects `worldSize` peers, measures every pair and checks every operation. All peers live in this process, so latency and bandwidth
 * include both ends' work on one event loop: a lower bound of what separate machines with such a path would see.
 *
 * @throws RendezvousUnavailableError, RendezvousRefusedError when the server can't be used; MessageError for a wrong world size;
 *   PeerLostError when links break on the way. Operations that give wrong results are reported, not thrown.
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
  const { worldSize, signal } = options;
  const now = (): number => performance.now();
  const start = now();
  const connectors = await join(options, rendezvous, secret);
  const joinMs = now() - start;
  const path = options.path ?? 'direct';
  const name = 'ping';
  const ranks = connectors.map(
    (connector, rank) =>
      new Communicator(rank, worldSize, {
        name,
        channels: [direct(connector, path)],
        deadlineMs: options.deadlineMs ?? DEFAULT_DEADLINE_MS,
        ...(signal === undefined ? {} : { signal }),
      }),
  );
  try {
    const setUpStart = now();
    await Promise.all(ranks.map((communicator) => communicator.barrier()));
    const setUpMs = now() - setUpStart;
    const pairs = await measurePairs(ranks, connectors, now);
    const collectives = await checkCollectives(ranks, now);
    return { worldSize, rendezvous, ownServer, joinMs, setUpMs, pairs, collectives, policy: explainAll(options) };
  } finally {
    await Promise.all(ranks.map((communicator) => communicator.close()));
  }
}

async function join(options: PingOptions, rendezvous: Endpoint, secret: string): Promise<PeerConnector[]> {
  const { worldSize, encrypt, signal } = options;
  const runId = `ping-${randomUUID()}`;
  const runKey = deriveRunKey(secret, runId);
  const joining = Array.from({ length: worldSize }, (_, rank) =>
    createConnector({
      rendezvous,
      runId,
      runKey,
      rank,
      worldSize,
      allowDirect: options.path !== 'relay',
      ...(encrypt === undefined ? {} : { encrypt }),
      ...(signal === undefined ? {} : { signal }),
    }),
  );
  try {
    return await Promise.all(joining);
  } catch (error) {
    const joined = await Promise.allSettled(joining);
    for (const result of joined) if (result.status === 'fulfilled') await result.value.close();
    throw error;
  }
}

/** One pair after the other, so that they don't take each other's bandwidth. */
async function measurePairs(
  ranks: readonly Communicator[],
  connectors: readonly PeerConnector[],
  now: () => number,
): Promise<PairReport[]> {
  const pairs: PairReport[] = [];
  for (const [low, a] of ranks.entries()) {
    for (const b of ranks.slice(low + 1)) {
      // The first message makes the link, if no collective has yet.
      await Promise.all([a.send(null, b.rank), b.recv(low)]);
      const link = await connectors[low]!.connect(b.rank);
      pairs.push(await measurePair([a, b], link, now));
    }
  }
  return pairs;
}

function explainAll(options: PingOptions): PingReport['policy'] {
  const { worldSize, hint = 'fast', memoryMiB = 1024, bytes = 1024 } = options;
  return explained.map((operation) => ({
    operation,
    ...explainPolicy({ operation, bytes, worldSize, memoryMiB, hint, channels: explainedChannels }),
  }));
}
