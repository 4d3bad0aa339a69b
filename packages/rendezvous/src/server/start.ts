import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { EnvironmentError } from '@cosmicai/payload';
import { Admission } from './admission.ts';
import { receiveArrival, type Destinations } from './arrival.ts';
import { observedEndpoint, type ServerContext } from './context.ts';
import { ControlSession } from './control.ts';
import { createHealthServer } from './health.ts';
import {
  checkSecrets,
  defaultLimits,
  defaultTimeouts,
  silentLogger,
  type Logger,
  type RendezvousServerOptions,
} from './options.ts';
import { PairingTable } from './pairing.ts';
import { Counters, type RendezvousStats } from './stats.ts';
import { Worlds } from './worlds.ts';

export const defaultPort = 10_000;
export const defaultHealthPort = 10_001;

/** How often silent members, forgotten worlds and refusals are looked after, in milliseconds; a tenth of the shortest time-out. */
const sweepMs = 1_000;

export interface RendezvousServer {
  readonly port: number;
  readonly healthPort: number;
  stats(): RendezvousStats;
  /** Drains: no new runs, pairings in progress and relays may finish within the drain time-out (0: at once). */
  close(drainMs?: number): Promise<void>;
}

/**
 * Starts the rendezvous server in this process: TCPunch v1 and v2 and the authenticated protocol on one port, health on a second.
 * @throws UserInputError for unusable secrets; EnvironmentError when a port can't be had.
 */
export async function startRendezvous(options: RendezvousServerOptions): Promise<RendezvousServer> {
  checkSecrets(options.secrets);
  const log = options.logger ?? silentLogger;
  let draining = false;
  const context: ServerContext = {
    secrets: options.secrets,
    limits: { ...defaultLimits, ...options.limits },
    timeouts: { ...defaultTimeouts, ...options.timeouts },
    counters: new Counters(),
    log,
    randomBytes,
    now: () => performance.now(),
    draining: () => draining,
  };
  const { counters, timeouts } = context;
  const admission = new Admission(context.limits);
  const pairings = new PairingTable(context);
  const worlds = new Worlds(context, pairings);
  const pairingsV1 = options.allowV1 === true ? new (await import('./tcpunch-v1.ts')).PairingsV1(context) : undefined;
  const pairingsV2 = options.allowV2 === false ? undefined : new (await import('./tcpunch-v2.ts')).PairingsV2(context);
  const sessions = new Set<ControlSession>();
  const sockets = new Set<Socket>();

  const accept = (socket: Socket) => {
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    counters.accepted++;
    const seat = admission.admit(observedEndpoint(socket)?.host ?? '');
    if (seat === undefined) {
      counters.refuse('limit');
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      seat.release();
    });
    const destinations: Destinations = {
      own: (arrived, first, client) => {
        new ControlSession(context, { worlds, pairings, sessions }, arrived, seat, client).receive(first);
      },
      v1: pairingsV1 && ((arrived, name) => pairingsV1.arrive(arrived, name)),
      v2: pairingsV2 && ((arrived, request) => pairingsV2.arrive(arrived, request)),
    };
    receiveArrival(context, socket, destinations);
  };

  const stats = (): RendezvousStats => ({
    connections: admission.total,
    worlds: worlds.count,
    openRuns: worlds.open,
    members: worlds.members,
    waitingV1: pairingsV1?.waiting ?? 0,
    waitingV2: pairingsV2?.waiting ?? 0,
    relays: pairings.relays,
    draining,
    ...counters.snapshot(),
    relayedBytes: counters.relayedBytes + pairings.bytesInRelays,
  });

  const server = createServer({ allowHalfOpen: true, pauseOnConnect: false }, accept);
  const health = createHealthServer(stats, options.metrics);
  await listen(server, options.port ?? defaultPort, options.host);
  try {
    await listen(health, options.healthPort ?? defaultHealthPort, options.host);
  } catch (error) {
    server.close();
    throw error;
  }
  const sweepEveryMs = Math.min(sweepMs, timeouts.heartbeat);
  let sweptAt = context.now();
  const sweep = setInterval(() => {
    const lateMs = context.now() - sweptAt - sweepEveryMs;
    sweptAt = context.now();
    // A stopped process hears nobody: what was said meanwhile is still in the sockets.
    for (const session of sessions) session.checkPulse(lateMs > sweepEveryMs ? lateMs : 0);
    worlds.sweep();
    reportRefusals();
  }, sweepEveryMs);
  const reportRefusals = refusalReporter(counters, log);
  const port = portOf(server);
  const healthPort = portOf(health);
  log.info(
    { port, healthPort, allowV1: options.allowV1 === true, allowV2: options.allowV2 !== false },
    'rendezvous started',
  );

  const drain = async (drainMs: number) => {
    draining = true;
    log.info({ drainMs, relays: pairings.relays }, 'draining');
    const until = context.now() + drainMs;
    while (context.now() < until && (pairings.relays > 0 || pairings.unfinished > 0)) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(50, drainMs)));
    }
    clearInterval(sweep);
    const closed = Promise.all([close(server), close(health)]);
    for (const session of [...sessions]) session.dismiss('draining', 'the server is shutting down');
    pairings.destroyRelays();
    health.closeAllConnections();
    // What is still here after the refusals were flushed has no business any more.
    await new Promise((resolve) => setImmediate(resolve));
    for (const socket of sockets) socket.destroySoon();
    await closed;
    log.info({ ...stats() }, 'rendezvous stopped');
  };
  let closing: Promise<void> | undefined;
  return { port, healthPort, stats, close: (drainMs = timeouts.drain) => (closing ??= drain(drainMs)) };
}

/** Refusals are counted one by one but logged as sums: a flood of strangers must not become a flood of log lines. */
function refusalReporter(counters: Counters, log: Logger): () => void {
  let before: Counters['refused'] = {};
  return () => {
    const fresh = Object.entries(counters.refused)
      .map(([refusal, count]) => [refusal, count - (before[refusal as keyof Counters['refused']] ?? 0)] as const)
      .filter(([, count]) => count > 0);
    before = { ...counters.refused };
    if (fresh.length > 0) log.warn({ refused: Object.fromEntries(fresh) }, 'refused clients');
  };
}

async function listen(server: Server, port: number, host: string | undefined): Promise<void> {
  server.listen({ port, ...(host === undefined ? {} : { host }), backlog: 4_096 });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new EnvironmentError(
      `Can't listen on ${host ?? 'any address'}, port ${port} (${String(error)}). Choose another port, or stop what uses it.`,
      { cause: error },
    );
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
