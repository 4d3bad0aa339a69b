import { createServer, type Socket } from 'node:net';
import type { Endpoint } from '../peer-link.ts';
import { dial, errorCode } from './dial.ts';
import { pause, within } from './timing.ts';

export interface PunchOptions {
  /** Wildcard address of the rendezvous connection's family: 0.0.0.0 or `::`. */
  readonly localAddress: string;
  /** The real local port of the rendezvous connection (behind some NATs it isn't the public one); that connection must stay open. */
  readonly localPort: number;
  /** Both sides as the rendezvous server sees them. */
  readonly observed: Endpoint;
  readonly peer: Endpoint;
  readonly signal: AbortSignal;
  /**
   * May the passive side close its listener for a moment to open its NAT again? That can cut a connection that the other side
   * already believes in, so only peers whose links need a handshake may do it.
   */
  readonly reopen: boolean;
  /** Refusals after which the way is closed by a router that answers for the peer. */
  readonly maxRefusals: number;
  /** Owns the connection from now on and decides whether it is the peer's; until it says so, punching goes on. */
  readonly accept: (socket: Socket) => Promise<boolean>;
}

/** First time given to one attempt; doubled up to the last. Short at first, because a lost SYN is repeated only after a second. */
const firstAttemptMs = 100;
const lastAttemptMs = 1_600;
/** First time that a passive side listens before it opens its NAT again; doubled each time. */
const firstListenMs = 400;
/** Wait after a refusal, because the other side may not have got its turn yet: so long for each refusal until now, up to a last one. */
const retryMs = { step: 5, last: 25 };

/**
 * Punches a hole from a port that the rendezvous server has seen, until a connection is accepted or the signal aborts. Node can't both
 * listen on a port and connect from it, so the sides take roles by comparing their addresses: the active one keeps connecting, the
 * passive one connects once (which opens its own NAT) and then keeps listening, or nearly so (`reopen`).
 * @throws the signal's reason; an Error when a router refuses again and again
 */
export async function punch(options: PunchOptions): Promise<Socket> {
  return isPassive(options.observed, options.peer) ? await passive(options) : await active(options);
}

function isPassive(own: Endpoint, peer: Endpoint): boolean {
  return `${own.host}:${own.port}` < `${peer.host}:${peer.port}`;
}

async function active(options: PunchOptions): Promise<Socket> {
  let attemptMs = firstAttemptMs;
  let refusals = 0;
  for (;;) {
    const outcome = await attempt(options, attemptMs);
    if (typeof outcome !== 'string') return outcome;
    if (outcome === 'silent') {
      attemptMs = Math.min(attemptMs * 2, lastAttemptMs);
      continue;
    }
    refusals++;
    if (outcome === 'ECONNREFUSED' && refusals >= options.maxRefusals) {
      throw new Error(`${options.peer.host}:${options.peer.port} refused ${refusals} connections`);
    }
    attemptMs = firstAttemptMs;
    await pause(Math.min(refusals * retryMs.step, retryMs.last), options.signal);
  }
}

async function passive(options: PunchOptions): Promise<Socket> {
  let listenMs = firstListenMs;
  for (;;) {
    const outcome = await attempt(options, firstAttemptMs);
    if (typeof outcome !== 'string') return outcome;
    if (!options.reopen) return await listen(options);
    const turn = within(listenMs, options.signal, () => new Error('turn is over'));
    try {
      return await listen({ ...options, signal: turn.signal });
    } catch (error) {
      options.signal.throwIfAborted();
      if (!turn.signal.aborted) throw error;
      listenMs *= 2;
    } finally {
      turn.end();
    }
  }
}

/** One connection attempt: an accepted socket, `silent` when nothing came back in time, or the code of the error. */
async function attempt(options: PunchOptions, ms: number): Promise<Socket | string> {
  const limit = within(ms, options.signal, () => new Error('silent'));
  try {
    const from = { address: options.localAddress, port: options.localPort };
    const socket = await dial({ to: options.peer, from, signal: limit.signal });
    limit.end();
    return (await options.accept(socket)) ? socket : 'not the peer';
  } catch (error) {
    options.signal.throwIfAborted();
    return limit.signal.aborted ? 'silent' : errorCode(error) || 'failed';
  } finally {
    limit.end();
  }
}

async function listen({ localAddress, localPort, signal, accept }: PunchOptions): Promise<Socket> {
  const server = createServer({ pauseOnConnect: true, noDelay: true });
  try {
    return await new Promise<Socket>((resolve, reject) => {
      const abort = () => reject(signal.reason as Error);
      if (signal.aborted) abort();
      signal.addEventListener('abort', abort, { once: true });
      server.on('error', reject);
      server.on('connection', (socket) => {
        socket.on('error', () => undefined);
        accept(socket).then((accepted) => {
          if (accepted) resolve(socket);
        }, reject);
      });
      server.listen({ host: localAddress, port: localPort, exclusive: true });
    });
  } finally {
    // Stops listening at once; the accepted connection lives on.
    server.close();
  }
}
