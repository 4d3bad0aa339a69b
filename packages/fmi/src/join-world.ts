import type { ObjectStore } from '@cosmicai/store';
import { direct } from './channels/direct-channel.ts';
import type { ChannelFactory } from './channels/channel.ts';
import { Communicator } from './communicator.ts';
import { checkDeadline } from './operation.ts';
import type { CommunicatorOptions } from './options.ts';
import { ChannelUnavailableError } from './errors.ts';
import { createConnector, type ConnectorOptions, type Endpoint } from '@cosmicai/rendezvous';
import { defined } from '@cosmicai/payload';
import type { TcpunchCommunicator } from './tcpunch-v1/tcpunch-communicator.ts';

/** For a world with C++ FMI peers; see TcpunchCommunicator for what is missing then. */
export interface JoinTcpunchOptions extends Pick<CommunicatorOptions, 'deadlineMs' | 'signal'> {
  readonly wire: 'tcpunch-v1';
  /** The communicator's name, as the C++ peers are given it. */
  readonly runId: string;
  readonly rank: number;
  readonly worldSize: number;
  /** A TCPunch server: the C++ one, or ours where v1 is allowed. */
  readonly rendezvous: Endpoint;
}

export interface JoinOptions extends Omit<CommunicatorOptions, 'name' | 'channels'> {
  /** Default: fmi, this package's own frames. */
  readonly wire?: 'fmi';
  readonly runId: string;
  readonly rank: number;
  readonly worldSize: number;
  /** Where the rendezvous server is; gives the world direct links, and relayed ones where no direct path is found. */
  readonly rendezvous?: Endpoint;
  /** Of this run, from `deriveRunKey`; needed with `rendezvous`. */
  readonly runKey?: Uint8Array;
  /** `relay` sends everything through the server. Default: direct. */
  readonly path?: 'direct' | 'relay';
  /** TLS with a key of the run on every link. Default: false. */
  readonly encrypt?: boolean;
  /** Gives the world messages through objects below `fmi/` (or `folder`). */
  readonly store?: ObjectStore;
  readonly folder?: string;
  /** Gives the world messages through Redis. */
  readonly redisUrl?: string;
  /** Tells apart several worlds of one run. Default: none. At most 64 bytes. */
  readonly group?: string;
  /** More of the connector's options. */
  readonly connector?: Pick<ConnectorOptions, 'allowRelay' | 'localCandidates' | 'punchMs' | 'unixSockets'>;
  /** Time to reach the rendezvous server. Default: 10,000 ms. */
  readonly joinMs?: number;
}

const DEFAULT_JOIN_MS = 10_000;

/**
 * Joins the ranks of a run. Resolves as soon as the rendezvous server has accepted this rank; links are made when operations need
 * them, so ranks that come late or never show in the operations, by their deadlines.
 *
 * @throws RendezvousUnavailableError, RendezvousRefusedError; ChannelUnavailableError when the options name no channel
 */
export async function joinWorld(options: JoinTcpunchOptions): Promise<TcpunchCommunicator>;
export async function joinWorld(options: JoinOptions): Promise<Communicator>;
export async function joinWorld(
  options: JoinOptions | JoinTcpunchOptions,
): Promise<Communicator | TcpunchCommunicator> {
  return options.wire === 'tcpunch-v1' ? joinTcpunch(options) : joinFramed(options);
}

async function joinTcpunch(options: JoinTcpunchOptions): Promise<TcpunchCommunicator> {
  const { TcpunchCommunicator } = await import('./tcpunch.ts');
  const { meetV1 } = await import('@cosmicai/rendezvous/tcpunch');
  const { runId, rank, worldSize, rendezvous } = options;
  return new TcpunchCommunicator(rank, worldSize, {
    ...options,
    name: runId,
    meet: (pairingName, limits) => meetV1({ rendezvous, pairingName, ...limits }),
  });
}

async function joinFramed(options: JoinOptions): Promise<Communicator> {
  const { runId, rank, worldSize, group, deadlineMs } = options;
  // Before there is a connection that would be left open.
  if (deadlineMs !== undefined) checkDeadline(deadlineMs);
  const name = group === undefined ? runId : `${runId}.${group}`;
  const channels: ChannelFactory[] = [];
  if (options.rendezvous !== undefined) channels.push(await throughRendezvous(options, options.rendezvous));
  channels.push(...(await overBoards(options)));
  if (channels.length === 0) {
    throw new ChannelUnavailableError(
      `Rank ${rank} has no way to reach the others: give a rendezvous endpoint, a store or a Redis address.`,
    );
  }
  return new Communicator(rank, worldSize, { ...options, name, channels });
}

/** Loaded by those who use them: a Redis client is more code than the rest of this package. */
async function overBoards({ redisUrl, store: objects, folder }: JoinOptions): Promise<ChannelFactory[]> {
  if (redisUrl === undefined && objects === undefined) return [];
  const { redis, store } = await import('./boards.ts');
  return [
    ...(redisUrl === undefined ? [] : [redis(redisUrl)]),
    ...(objects === undefined ? [] : [store(objects, folder === undefined ? {} : { folder })]),
  ];
}

async function throughRendezvous(options: JoinOptions, rendezvous: Endpoint): Promise<ChannelFactory> {
  const { runId, runKey, rank, worldSize, group, encrypt, signal } = options;
  if (runKey === undefined) {
    throw new ChannelUnavailableError(
      `Rank ${rank} needs the run's key to use the rendezvous server; see deriveRunKey.`,
    );
  }
  const path = options.path ?? 'direct';
  const connector = await createConnector({
    ...options.connector,
    rendezvous,
    runId,
    runKey,
    rank,
    worldSize,
    allowDirect: path === 'direct',
    deadline: Date.now() + (options.joinMs ?? DEFAULT_JOIN_MS),
    ...defined({ group, encrypt, signal }),
  });
  return direct(connector, path);
}
