import { randomBytes } from 'node:crypto';
import { UserInputError } from '@cosmicai/payload';
import {
  LinkMismatchError,
  PeerGoneError,
  PeerUnreachableError,
  RendezvousRefusedError,
  RendezvousUnavailableError,
} from '../errors.ts';
import type { ConnectOptions, ConnectorOptions, Departure, PeerConnector, PeerLink } from '../peer-link.ts';
import { maxSeek, type Body, type Message } from '../wire/messages.ts';
import { lingerMs } from './close-link.ts';
import { openControl, type ControlConnection } from './control-connection.ts';
import { hostCandidates } from './host-addresses.ts';
import { openHostListener, type HostListener } from './host-listener.ts';
import { LinkAttempt, type AttemptSetting } from './link-attempt.ts';
import { Peer } from './peer.ts';
import { PunchRecord } from './punch-record.ts';
import { pause, within } from './timing.ts';

const defaultJoinMs = 10_000;
/** Attempts of 100, 200, 400 and 800 ms: enough for peers half a second apart. */
const defaultPunchMs = 1_500;
/** The last bytes of a peer that left in good order, when its link was still being set up. */
const lastAttemptMs = 1_000;
/** First and last wait between attempts to reach a server that hasn't been there yet. */
const joinAgainMs = { first: 50, last: 1_000 };
/** First and last wait between attempts to reach a server that was lost. */
const reconnectMs = { first: 100, last: 5_000 };

/**
 * Joins the run's world on the rendezvous server.
 * @throws RendezvousUnavailableError, RendezvousRefusedError; UserInputError for a rank outside the world; the signal's reason
 */
export async function createConnector(options: ConnectorOptions): Promise<PeerConnector> {
  const { rank, worldSize } = options;
  if (!Number.isInteger(worldSize) || worldSize < 1)
    throw new UserInputError(`world size ${worldSize}; allowed: 1 and more`);
  if (!Number.isInteger(rank) || rank < 0 || rank >= worldSize) {
    throw new UserInputError(`rank ${rank} in a world of ${worldSize}; allowed: 0 to ${worldSize - 1}`);
  }
  const offersDirect = options.allowDirect !== false && options.localCandidates !== false;
  const listener = offersDirect ? await openHostListener(options.unixSockets !== false) : undefined;
  const connector = new Connector(options, listener);
  const { host, port } = options.rendezvous;
  const limit = within(
    (options.deadline ?? Date.now() + defaultJoinMs) - Date.now(),
    connector.stopped,
    () =>
      new RendezvousUnavailableError(`The rendezvous server at ${host}:${port} didn't accept rank ${rank} in time.`),
  );
  try {
    await joinUntil(connector, limit.signal);
    return connector;
  } catch (error) {
    connector.destroy(error as Error);
    throw error;
  } finally {
    limit.end();
  }
}

/** A server that isn't there yet may start within the time that joining may take; rejects with why the last attempt failed. */
async function joinUntil(connector: Connector, signal: AbortSignal): Promise<void> {
  let last: Error | undefined;
  for (let wait = joinAgainMs.first; ; wait = Math.min(wait * 2, joinAgainMs.last)) {
    try {
      await connector.join(signal);
      return;
    } catch (error) {
      if (signal.aborted && !connector.stopped.aborted) throw last ?? error;
      if (!mayComeRight(error)) throw error;
      last = error as Error;
    }
    await pause(wait, signal).catch((reason: unknown) => {
      throw connector.stopped.aborted ? reason : last;
    });
  }
}

/** May the same request succeed later? A wrong key or a stranger on the port stays what it is. */
function mayComeRight(error: unknown): boolean {
  if (error instanceof RendezvousRefusedError) return ['draining', 'limit', 'timeout'].includes(error.refusal);
  return error instanceof RendezvousUnavailableError && error.mayComeRight;
}

class Connector implements PeerConnector {
  readonly rank: number;
  readonly worldSize: number;
  readonly #options: ConnectorOptions;
  readonly #listener: HostListener | undefined;
  readonly #peers = new Map<number, Peer>();
  readonly #lossListeners = new Set<(peer: number, how: Departure) => void>();
  readonly #stop = new AbortController();
  readonly #seeking = new Set<number>();
  readonly #punching: PunchRecord;
  #control: ControlConnection | undefined;
  /** Why no connection is possible any more. */
  #fatal: Error | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ConnectorOptions, listener: HostListener | undefined) {
    this.#options = options;
    this.#listener = listener;
    this.#punching = new PunchRecord(options.punchMs ?? defaultPunchMs);
    this.rank = options.rank;
    this.worldSize = options.worldSize;
    const { signal } = options;
    if (signal !== undefined) {
      const abort = () => this.destroy(signal.reason as Error);
      if (signal.aborted) abort();
      signal.addEventListener('abort', abort, { once: true });
      this.stopped.addEventListener('abort', () => signal.removeEventListener('abort', abort));
    }
  }

  /** Aborts when the connector has ended. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  async join(signal: AbortSignal): Promise<void> {
    const { rendezvous, runId, runKey, group = '', rank, worldSize } = this.#options;
    const listening = this.#listener?.port;
    const control = await openControl({
      rendezvous,
      role: 'member',
      runId,
      group,
      runKey,
      rank,
      worldSize,
      signal,
      randomBytes,
      candidates: (socket) => (listening === undefined ? [] : hostCandidates(socket, listening)),
    });
    if (this.stopped.aborted) {
      control.destroy();
      throw this.stopped.reason;
    }
    this.#control = control;
    const { encrypt = false, allowDirect = true, allowRelay = true, unixSockets = true } = this.#options;
    const setting: AttemptSetting = {
      self: rank,
      runKey,
      server: control.server,
      own: { observed: control.welcome.observed, candidates: control.candidates },
      listener: this.#listener,
      encrypt,
      allowDirect,
      allowRelay,
      unixSockets,
      punching: this.#punching,
      randomBytes,
    };
    control.listen(
      (message) => this.#onMessage(message, setting),
      (reason) => this.#onControlLost(reason),
    );
  }

  async connect(peer: number, options: ConnectOptions = {}): Promise<PeerLink> {
    options.signal?.throwIfAborted();
    if (!Number.isInteger(peer) || peer < 0 || peer >= this.worldSize || peer === this.rank) {
      throw new UserInputError(`rank ${this.rank} can't connect with rank ${peer} in a world of ${this.worldSize}`);
    }
    if (this.#fatal !== undefined) throw this.#fatal;
    const state = this.#peer(peer);
    if (state.link !== undefined) return state.link;
    const linked = state.wait(options, () => this.#tooLate(state));
    if (state.attempt === undefined) this.#seek(peer);
    return await linked;
  }

  onPeerLost(listener: (peer: number, how: Departure) => void): () => void {
    this.#lossListeners.add(listener);
    for (const { rank, gone } of this.#peers.values()) {
      if (gone === undefined) continue;
      queueMicrotask(() => {
        if (this.#lossListeners.has(listener)) listener(rank, gone);
      });
    }
    return () => this.#lossListeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  /** Ends everything at once. */
  destroy(reason: Error): void {
    if (this.stopped.aborted) return;
    this.#fatal ??= reason;
    this.#stop.abort(reason);
    this.#listener?.close();
    this.#control?.destroy();
    for (const state of this.#peers.values()) {
      state.attempt?.abort(reason);
      state.rejectAll(reason);
      state.link?.socket.destroy();
    }
  }

  async #close(): Promise<void> {
    if (this.stopped.aborted) return;
    this.#fatal = new RendezvousUnavailableError('This connector was closed.');
    const links = [...this.#peers.values()].flatMap(({ link }) => link ?? []);
    const flushed = links.map(
      ({ socket }) =>
        new Promise<void>((resolve) => {
          if (socket.destroyed) resolve();
          socket.once('close', () => resolve());
        }),
    );
    for (const link of links) void link.close();
    const limit = within(lingerMs, this.stopped, () => new Error('time to close is over'));
    const late = new Promise<void>((resolve) => limit.signal.addEventListener('abort', () => resolve()));
    await Promise.race([Promise.all(flushed), late]);
    limit.end();
    this.#control?.leave();
    this.#control = undefined;
    this.destroy(this.#fatal);
  }

  #peer(rank: number): Peer {
    let state = this.#peers.get(rank);
    if (state === undefined) {
      state = new Peer(rank);
      this.#peers.set(rank, state);
    }
    return state;
  }

  /** Asks the server for a peer; requests of one turn of the event loop travel together. */
  #seek(peer: number): void {
    if (this.#seeking.size === 0) queueMicrotask(() => this.#flushSeeking());
    this.#seeking.add(peer);
  }

  #flushSeeking(): void {
    const peers = [...this.#seeking].map((rank) => ({ rank, failed: this.#peer(rank).failed }));
    this.#seeking.clear();
    for (let from = 0; from < peers.length; from += maxSeek) {
      this.#control?.send('seek', { peers: peers.slice(from, from + maxSeek) });
    }
  }

  #onMessage(message: Message, setting: AttemptSetting): void {
    if (message.name === 'introduce') this.#onIntroduce(message.body, setting);
    else if (message.name === 'nudge') {
      for (const { attempt } of this.#peers.values()) {
        if (attempt?.pairing.equals(message.body.pairing) === true) attempt.nudge(message.body.path);
      }
    } else if (message.name === 'gone') this.#onGone(this.#peer(message.body.peer), message.body.how);
    else if (message.name === 'back') this.#peer(message.body.peer).gone = undefined;
  }

  #onIntroduce(introduction: Body<'introduce'>, setting: AttemptSetting): void {
    const state = this.#peer(introduction.peer);
    state.gone = undefined;
    state.attempt?.abort(new Error('introduced anew'));
    state.link?.socket.destroy();
    state.link = undefined;
    const attempt = new LinkAttempt(setting, introduction);
    state.attempt = attempt;
    attempt.result.then(
      (link) => this.#onLink(state, attempt, link),
      (error: unknown) => this.#onAttemptFailed(state, attempt, error as Error),
    );
  }

  #onLink(state: Peer, attempt: LinkAttempt, link: PeerLink): void {
    if (state.attempt !== attempt || this.stopped.aborted) {
      link.socket.destroy();
      return;
    }
    state.attempt = undefined;
    if (link.socket.destroyed) {
      this.#onAttemptFailed(state, attempt, new Error('the link broke as it was made'));
      return;
    }
    state.link = link;
    state.resetWait();
    link.socket.once('close', () => {
      if (state.link !== link) return;
      state.link = undefined;
      state.failed = attempt.pairing;
    });
    state.resolveAll(link);
  }

  #onAttemptFailed(state: Peer, attempt: LinkAttempt, error: Error): void {
    if (state.attempt !== attempt && state.attempt !== undefined) return;
    state.attempt = undefined;
    state.failed = attempt.pairing;
    if (this.stopped.aborted) return;
    if (state.gone !== undefined || error instanceof LinkMismatchError) {
      state.rejectAll(state.gone === undefined ? error : new PeerGoneError(state.rank, state.gone));
      return;
    }
    state.lastError = error;
    void pause(state.nextWaitMs(), this.stopped).then(
      () => {
        if (state.wanted && state.attempt === undefined && state.link === undefined) this.#seek(state.rank);
      },
      () => undefined,
    );
  }

  #onGone(state: Peer, how: Departure): void {
    const known = state.gone !== undefined;
    state.gone = how;
    // The answer to one who seeks a rank that went before.
    if (known && state.attempt === undefined) state.rejectAll(new PeerGoneError(state.rank, how));
    if (known) return;
    if (state.attempt !== undefined) {
      // The link may stand already on the peer's side, with bytes on their way.
      if (how === 'lost') state.attempt.abort(new PeerGoneError(state.rank, how));
      else this.#later(lastAttemptMs, () => state.attempt?.abort(new PeerGoneError(state.rank, how)));
    } else if (state.link === undefined) state.rejectAll(new PeerGoneError(state.rank, how));
    const { link } = state;
    if (how === 'left' || link === undefined) {
      this.#reportLoss(state.rank, how);
      return;
    }
    // Only the link's own end says that the peer is gone: the server may have lost sight of one that computes without a pause, and what
    // the peer sent before it died may still be in the socket. A machine that vanished shows at an operation's deadline.
    const over = () => {
      if (state.gone !== undefined) this.#reportLoss(state.rank, how);
    };
    if (link.socket.destroyed) over();
    else link.socket.once('close', over);
  }

  #onControlLost(reason: Error): void {
    this.#control = undefined;
    if (this.stopped.aborted) return;
    if (reason instanceof RendezvousRefusedError && reason.refusal !== 'draining' && reason.refusal !== 'timeout') {
      this.#endWith(reason);
      return;
    }
    void this.#rejoin();
  }

  /** Links stand without the server; new ones, and news of others, need it again. */
  async #rejoin(): Promise<void> {
    for (let wait = reconnectMs.first; !this.stopped.aborted; wait = Math.min(wait * 2, reconnectMs.last)) {
      try {
        await pause(wait, this.stopped);
        const limit = within(defaultJoinMs, this.stopped, () => new Error('no answer in time'));
        await this.join(limit.signal).finally(limit.end);
        for (const { rank, wanted, attempt } of this.#peers.values()) {
          if (wanted && attempt === undefined) this.#seek(rank);
        }
        return;
      } catch (error) {
        if (error instanceof RendezvousRefusedError && !mayComeRight(error)) {
          this.#endWith(error);
          return;
        }
      }
    }
  }

  /** No new links any more; those that stand remain. */
  #endWith(reason: Error): void {
    this.#fatal = reason;
    for (const state of this.#peers.values()) {
      state.attempt?.abort(reason);
      state.rejectAll(reason);
    }
  }

  #reportLoss(peer: number, how: Departure): void {
    for (const listener of [...this.#lossListeners]) listener(peer, how);
  }

  #later(ms: number, then: () => void): void {
    void pause(ms, this.stopped).then(then, () => undefined);
  }

  #tooLate(state: Peer): PeerUnreachableError {
    const { rank, lastError } = state;
    const why =
      this.#control === undefined
        ? 'the rendezvous server is away'
        : state.attempt !== undefined
          ? 'no path to it was found yet'
          : (lastError?.message ?? "it hasn't come to the rendezvous server");
    const step = state.attempt?.step ?? (lastError instanceof PeerUnreachableError ? lastError.step : 'pairing');
    return new PeerUnreachableError(rank, step, `Rank ${rank} wasn't reached in time: ${why}.`, { cause: lastError });
  }
}
