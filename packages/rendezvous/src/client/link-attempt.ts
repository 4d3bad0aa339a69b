import type { Socket } from 'node:net';
import { LinkMismatchError, PeerUnreachableError, type UnfinishedStep } from '../errors.ts';
import { linkKey } from '../keys.ts';
import type { Endpoint, PeerLink } from '../peer-link.ts';
import { nonceBytes, type Body, type Path } from '../wire/messages.ts';
import { expectMessage } from './control-connection.ts';
import { closeLink } from './close-link.ts';
import { Handshake } from './handshake.ts';
import { isOpen, mayMeetDirectly, type Reachability } from './host-addresses.ts';
import type { HostListener, Visitor } from './host-listener.ts';
import { joinPairing, wildcard } from './join.ts';
import { dialHost } from './neighbour.ts';
import { punch } from './punch.ts';
import type { PunchRecord } from './punch-record.ts';
import { secureLink } from './secure.ts';
import { pause } from './timing.ts';

/** What all attempts of one connector share. */
export interface AttemptSetting {
  readonly self: number;
  readonly runKey: Uint8Array;
  readonly server: Endpoint;
  readonly own: Reachability;
  readonly listener: HostListener | undefined;
  readonly encrypt: boolean;
  readonly allowDirect: boolean;
  readonly allowRelay: boolean;
  readonly unixSockets: boolean;
  readonly punching: PunchRecord;
  readonly randomBytes: (length: number) => Buffer;
}

/**
 * The lower rank leaves dialling to the higher one for this long, so that a pair on one network makes one connection, not two; unless only
 * it can dial. The higher one, because who dials reads faster, and values go from low ranks to high ones in a tree from rank 0.
 */
const yieldMs = 150;
/** What peers that should meet without a hole are given before they punch one all the same, in milliseconds. */
const headStartMs = 200;
/** Half a second of refusals: then the relay is the better way. */
const maxRefusals = 20;

/**
 * Turns one introduction into a link. Paths are tried as they become reasonable: the peer's own addresses, hole punching, the relay.
 * Every connection goes through the handshake, and the lower rank chooses the first that is verified.
 */
export class LinkAttempt {
  readonly pairing: Buffer;
  readonly result: Promise<PeerLink>;
  readonly #setting: AttemptSetting;
  readonly #introduction: Body<'introduce'>;
  readonly #key: Buffer;
  readonly #startedAt = performance.now();
  readonly #stop = new AbortController();
  readonly #begun = new Set<Path>();
  readonly #unwelcome: () => void;
  #resolve!: (link: PeerLink) => void;
  #reject!: (error: Error) => void;
  #settled = false;
  /** Ways under way; when none is left, the next one needn't wait for its time. */
  #ways = 0;
  #lastError: Error | undefined;
  #step: UnfinishedStep = 'punching';

  constructor(setting: AttemptSetting, introduction: Body<'introduce'>) {
    this.#setting = setting;
    this.#introduction = introduction;
    this.pairing = introduction.pairing;
    this.#key = linkKey(setting.runKey, introduction.pairing);
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.result.catch(() => undefined);
    this.#unwelcome =
      setting.listener?.await(introduction.pairing, (visitor) => this.#welcome(visitor)) ?? (() => undefined);
    void this.#run();
  }

  /** The peer has taken a path through the server and waits there. */
  nudge(path: Path): void {
    this.#begin(path);
  }

  abort(reason: Error): void {
    this.#fail(reason);
  }

  /** What is still missing: a connection, or the proof over one. */
  get step(): UnfinishedStep {
    return this.#step;
  }

  get #peer(): number {
    return this.#introduction.peer;
  }

  get #chooses(): boolean {
    return this.#setting.self < this.#peer;
  }

  /** Starts each path at its time. A path that begins earlier, by the peer's nudge or for want of others, isn't begun twice. */
  async #run(): Promise<void> {
    const { allowDirect, own, punching } = this.#setting;
    const { signal } = this.#stop;
    try {
      if (allowDirect) {
        void this.#dialHosts();
        if (mayMeetDirectly(own, this.#introduction)) await pause(headStartMs, signal);
        this.#begin('punch');
        await pause(punching.ms, signal);
      }
      this.#begin('relay');
    } catch (error) {
      if (!signal.aborted) this.#fail(error as Error);
    }
  }

  async #dialHosts(): Promise<void> {
    const { signal } = this.#stop;
    const onlyThisWay = isOpen(this.#introduction) && !isOpen(this.#setting.own);
    try {
      if (this.#chooses && !onlyThisWay) await pause(yieldMs, signal);
    } catch {
      return;
    }
    const { own, unixSockets } = this.#setting;
    const neighbours = unixSockets ? own.candidates : [];
    for (const to of this.#introduction.candidates) {
      void this.#way(async () => {
        await this.#offer(await dialHost(to, neighbours, signal), 'direct');
      });
    }
  }

  #begin(path: Path): void {
    const { allowDirect, allowRelay } = this.#setting;
    if (this.#settled || this.#begun.has(path)) return;
    this.#begun.add(path);
    if (path === 'punch' && allowDirect)
      void this.#way(() => this.#punch().catch((error: unknown) => this.#relayAfter(error)));
    if (path === 'relay' && allowRelay) void this.#way(() => this.#relay());
    this.#checkHope();
  }

  /** No hole can be punched, and addresses that would have answered have had their time: the relay needn't wait. */
  #relayAfter(error: unknown): never {
    if (this.#setting.allowRelay) this.#begin('relay');
    throw error;
  }

  /** Runs one way; its failure only counts when no other is left. */
  async #way(go: () => Promise<void>): Promise<void> {
    this.#ways++;
    try {
      await go();
    } catch (error) {
      if (error instanceof LinkMismatchError) this.#fail(error);
      this.#lastError = error as Error;
    }
    this.#ways--;
    this.#checkHope();
  }

  #checkHope(): void {
    if (this.#settled || this.#ways > 0) return;
    const { allowRelay } = this.#setting;
    if (this.#begun.has('punch') && allowRelay && !this.#begun.has('relay')) this.#begin('relay');
    else if (this.#begun.has('relay')) {
      const relay = allowRelay ? 'and the relay failed' : 'and the relay is not allowed';
      const detail = this.#lastError === undefined ? '' : ` (last: ${this.#lastError.message})`;
      const text = `No path to rank ${this.#peer}: no direct connection was found${allowRelay ? ',' : ''} ${relay}${detail}.`;
      this.#fail(new PeerUnreachableError(this.#peer, this.step, text, { cause: this.#lastError }));
    }
  }

  async #punch(): Promise<void> {
    const { server, runKey, self } = this.#setting;
    const { signal } = this.#stop;
    const stream = await joinPairing({ server, runKey, pairing: this.pairing, self, path: 'punch', signal });
    try {
      const { observed, peer } = await expectMessage(stream, 'meet', server, signal);
      const localPort = stream.socket.localPort ?? 0;
      const accept = (socket: Socket) => this.#offer(socket, 'direct');
      await punch({
        localAddress: wildcard(server.host),
        localPort,
        observed,
        peer,
        signal,
        reopen: true,
        maxRefusals,
        accept,
      });
    } finally {
      stream.destroy();
    }
  }

  async #relay(): Promise<void> {
    const { server, runKey, self } = this.#setting;
    const { signal } = this.#stop;
    const stream = await joinPairing({ server, runKey, pairing: this.pairing, self, path: 'relay', signal });
    try {
      await expectMessage(stream, 'open', server, signal);
    } catch (error) {
      stream.destroy();
      throw error;
    }
    await this.#offer(stream.release(), 'relay');
  }

  #welcome({ socket, hello, reader }: Visitor): void {
    if (!this.#setting.allowDirect) {
      socket.destroy();
      return;
    }
    void this.#way(async () => {
      await this.#offer(socket, 'direct', { hello, reader });
    });
  }

  /** Shakes hands on a connection; true when it has become the link, false when it was of no use. */
  async #offer(socket: Socket, kind: PeerLink['kind'], heard?: Omit<Visitor, 'socket'>): Promise<boolean> {
    if (this.#stop.signal.aborted) {
      socket.destroy();
      return false;
    }
    this.#step = 'handshake';
    const { self, encrypt, randomBytes } = this.#setting;
    return await new Promise<boolean>((resolve, reject) => {
      const finished = (useful: boolean) => {
        this.#stop.signal.removeEventListener('abort', drop);
        resolve(useful);
      };
      const drop = () => {
        handshake.drop();
        finished(false);
      };
      const take = () => {
        finished(true);
        void this.#settle(socket, kind, handshake);
      };
      const handshake = new Handshake({
        socket,
        key: this.#key,
        pairing: this.pairing,
        self,
        peer: this.#peer,
        encrypt,
        nonce: randomBytes(nonceBytes),
        ...(heard === undefined ? {} : { heard }),
        onVerified: () => {
          if (!this.#chooses) return;
          handshake.choose();
          take();
        },
        onChosen: take,
        onFailed: (error) => {
          this.#lastError = error;
          if (error instanceof LinkMismatchError) reject(error);
          finished(false);
        },
      });
      this.#stop.signal.addEventListener('abort', drop);
      handshake.start();
    });
  }

  async #settle(socket: Socket, kind: PeerLink['kind'], handshake: Handshake): Promise<void> {
    this.#settled = true;
    this.#finish();
    const { encrypt, punching } = this.#setting;
    if (this.#begun.has('punch')) punching.note(kind === 'direct');
    try {
      const side = this.#chooses ? 'client' : 'server';
      const ready = encrypt ? await secureLink(socket, handshake.psk(), side, AbortSignal.timeout(secureMs)) : socket;
      this.#resolve({
        kind,
        peer: this.#peer,
        socket: ready,
        encrypted: encrypt,
        setupMs: performance.now() - this.#startedAt,
        close: (withinMs) => closeLink(ready, withinMs),
      });
    } catch (error) {
      socket.destroy();
      const text = `The link with rank ${this.#peer} couldn't be encrypted: ${(error as Error).message}.`;
      this.#reject(new PeerUnreachableError(this.#peer, 'handshake', text, { cause: error }));
    }
  }

  #fail(error: Error): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#finish();
    this.#reject(error);
  }

  /** Stops all other ways. */
  #finish(): void {
    this.#unwelcome();
    this.#stop.abort(new Error('another path was taken'));
  }
}

/** Time for the TLS handshake of a link that stands already. */
const secureMs = 10_000;
