import type { Socket } from 'node:net';
import { encode } from '../wire/messages.ts';
import type { Endpoint } from '../peer-link.ts';
import type { Refusal } from '../errors.ts';
import type { Limits, Logger, Timeouts } from './options.ts';
import type { Counters } from './stats.ts';

/** What every part of the server shares. */
export interface ServerContext {
  readonly secrets: readonly string[];
  readonly limits: Limits;
  readonly timeouts: Timeouts;
  readonly counters: Counters;
  readonly log: Logger;
  readonly randomBytes: (length: number) => Buffer;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly draining: () => boolean;
}

/** The address a socket's client is seen at; an IPv4 client of a dual-stack listener is IPv4. */
export function observedEndpoint(socket: Socket): Endpoint | undefined {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return { host: remoteAddress.replace(/^::ffff:(?=\d+\.)/, ''), port: remotePort };
}

/** Tells a client of our protocol why it must go, and lets it go. */
export function refuse(context: ServerContext, socket: Socket, refusal: Refusal, reason: string): void {
  if (socket.destroyed) return;
  context.counters.refuse(refusal);
  context.log.debug({ client: observedEndpoint(socket), refusal, reason }, 'refused a client');
  socket.removeAllListeners('data');
  letGo(socket, encode('refused', { refusal, reason }));
}

/** Sends last words, and closes; a client that doesn't close its side in time loses the socket, so that it can't keep its seat. */
export function letGo(socket: Socket, lastWords: Buffer, lingerMs: number = refusalLingerMs): void {
  if (socket.destroyed) return;
  socket.end(lastWords);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

/** Enough for a refusal to cross any network. */
const refusalLingerMs = 2_000;
