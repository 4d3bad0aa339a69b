import type { Socket } from 'node:net';
import { clientMac, deriveRunKey, keyHint, sameBytes, serverMac, type ControlTranscript } from '../keys.ts';
import { endpoint, list, MalformedMessageError } from '../wire/fields.ts';
import { FrameReader } from '../wire/frame-reader.ts';
import {
  encode,
  maxCandidates,
  nonceBytes,
  protocolVersion,
  type Body,
  type Message,
  type MessageName,
} from '../wire/messages.ts';
import type { Refusal } from '../errors.ts';
import type { Departure, Endpoint } from '../peer-link.ts';
import type { Seat } from './admission.ts';
import { letGo, refuse, type ServerContext } from './context.ts';
import type { PairingTable } from './pairing.ts';
import type { Member, World } from './world.ts';
import type { Worlds } from './worlds.ts';

const candidateList = list(endpoint, maxCandidates);

interface Registry {
  readonly worlds: Worlds;
  readonly pairings: PairingTable;
  /** Sessions that are past their proof; asked for signs of life now and then. */
  readonly sessions: Set<ControlSession>;
}

type State =
  | { readonly name: 'hello' }
  | {
      readonly name: 'proof';
      readonly hello: Body<'hello'>;
      readonly runKey: Buffer;
      readonly transcript: ControlTranscript;
    }
  | { readonly name: 'member'; readonly member: Member; readonly world: World }
  | { readonly name: 'observer' }
  | { readonly name: 'over' };

/** One client of our protocol, from its first frame on: hello, challenge, proof, and then its requests until the connection ends. */
export class ControlSession {
  readonly #context: ServerContext;
  readonly #registry: Registry;
  readonly #socket: Socket;
  readonly #seat: Seat;
  readonly #client: Endpoint;
  readonly #reader = new FrameReader();
  #state: State = { name: 'hello' };
  #deadline: NodeJS.Timeout;
  #lastHeard: number;
  #pinged = false;

  constructor(context: ServerContext, registry: Registry, socket: Socket, seat: Seat, client: Endpoint) {
    this.#context = context;
    this.#registry = registry;
    this.#socket = socket;
    this.#seat = seat;
    this.#client = client;
    this.#lastHeard = context.now();
    this.#deadline = setTimeout(() => this.#refuse('timeout', 'no whole hello in time'), context.timeouts.firstMessage);
    socket.once('close', this.#onClose);
    socket.once('end', this.#onEnd);
    socket.on('data', this.#onData);
  }

  /** Bytes that came together with the magic number. */
  receive(chunk: Buffer): void {
    this.#lastHeard = this.#context.now();
    this.#pinged = false;
    this.#reader.push(chunk);
    try {
      for (let message = this.#reader.next(); message !== undefined; message = this.#reader.next()) {
        this.#handle(message);
        if (this.#state.name === 'over') return;
      }
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error;
      this.#refuse('malformed', error.message);
    }
  }

  /**
   * Pings a silent client, and drops one that has been silent for too long.
   * @param deafMs since the last check in which this server was not running, so that it couldn't hear anybody
   */
  checkPulse(deafMs: number): void {
    this.#lastHeard += deafMs;
    const silence = this.#context.now() - this.#lastHeard;
    const { heartbeat, silent } = this.#context.timeouts;
    if (silence > silent) this.#refuse('timeout', `no sign of life for ${Math.round(silence)} ms`);
    else if (silence > heartbeat && !this.#pinged) {
      this.#pinged = true;
      this.#send('ping', {});
    }
  }

  dismiss(refusal: Refusal, reason: string): void {
    this.#refuse(refusal, reason);
  }

  #handle(message: Message): void {
    switch (this.#state.name) {
      case 'hello':
        if (message.name === 'hello') this.#onHello(message.body);
        else if (message.name === 'join') this.#onJoin(message.body);
        else throw new MalformedMessageError(`${message.name} before hello`);
        return;
      case 'proof':
        if (message.name !== 'proof') throw new MalformedMessageError(`${message.name} before proof`);
        this.#onProof(message.body, this.#state.hello, this.#state.runKey, this.#state.transcript);
        return;
      case 'member':
        this.#onRequest(message, this.#state.member, this.#state.world);
        return;
      case 'observer':
        if (message.name === 'leave') this.#leave('left');
        else if (message.name !== 'pong') throw new MalformedMessageError(`${message.name} from an observer`);
        return;
      case 'over':
        return;
    }
  }

  #onHello(hello: Body<'hello'>): void {
    const { limits, timeouts, secrets } = this.#context;
    if (this.#context.draining()) {
      this.#refuse('draining', 'the server is shutting down; try again soon');
      return;
    }
    if (hello.version !== protocolVersion) {
      this.#refuse('malformed', `protocol version ${hello.version}; this server speaks ${protocolVersion}`);
      return;
    }
    if (hello.runId === '') {
      this.#refuse('malformed', 'the run id is empty');
      return;
    }
    if (hello.worldSize < 1 || hello.worldSize > limits.worldSize) {
      this.#refuse('limit', `a world size of ${hello.worldSize}; allowed: 1 to ${limits.worldSize}`);
      return;
    }
    if (hello.role === 'member' && hello.rank >= hello.worldSize) {
      this.#refuse('worldMismatch', `rank ${hello.rank} doesn't fit a world size of ${hello.worldSize}`);
      return;
    }
    const runKey = secrets
      .map((secret) => deriveRunKey(secret, hello.runId))
      .find((key) => sameBytes(keyHint(key), hello.keyHint));
    if (runKey === undefined) {
      this.#refuse('unknownKey', "the run key isn't derived from this server's secret, or belongs to another run id");
      return;
    }
    const transcript = { ...hello, clientNonce: hello.nonce, serverNonce: this.#context.randomBytes(nonceBytes) };
    this.#state = { name: 'proof', hello, runKey, transcript };
    this.#setDeadline(timeouts.proof, 'no proof in time');
    this.#send('challenge', { nonce: transcript.serverNonce, mac: serverMac(runKey, transcript) });
  }

  #onProof(proof: Body<'proof'>, hello: Body<'hello'>, runKey: Buffer, transcript: ControlTranscript): void {
    const expected = clientMac(runKey, transcript, candidateList.write(proof.candidates));
    if (!sameBytes(proof.mac, expected)) {
      this.#refuse('wrongProof', 'the proof of the run key is wrong, or was made for another connection');
      return;
    }
    // Whoever is let in counts on a server that stays.
    if (this.#context.draining()) {
      this.#refuse('draining', 'the server is shutting down; try again soon');
      return;
    }
    const entered = this.#registry.worlds.enter({ ...hello, runKey }, hello.role === 'observer');
    if ('refusal' in entered) {
      this.#refuse(entered.refusal, entered.reason);
      return;
    }
    clearTimeout(this.#deadline);
    this.#seat.authenticated();
    this.#context.counters.authenticated++;
    this.#registry.sessions.add(this);
    const { world } = entered;
    const { heartbeat } = this.#context.timeouts;
    this.#send('welcome', { observed: this.#client, heartbeatMs: heartbeat, members: world.members.size });
    if (hello.role === 'observer') {
      this.#state = { name: 'observer' };
      return;
    }
    const member: Member = {
      rank: hello.rank,
      observed: this.#client,
      candidates: proof.candidates,
      pairings: new Map(),
      send: (name, body) => this.#send(name, body),
      dismiss: (refusal, reason) => this.#refuse(refusal, reason),
    };
    this.#state = { name: 'member', member, world };
    world.join(member);
  }

  #onRequest(message: Message, member: Member, world: World): void {
    if (message.name === 'seek') {
      for (const { rank, failed } of message.body.peers) {
        if (rank === member.rank || rank >= world.worldSize) {
          throw new MalformedMessageError(`rank ${member.rank} seeks rank ${rank} in a world of ${world.worldSize}`);
        }
        world.seek(member, rank, failed);
      }
    } else if (message.name === 'leave') this.#leave('left');
    else if (message.name !== 'pong') throw new MalformedMessageError(`${message.name} from a member`);
  }

  /** The connection isn't a control connection but one that a pairing asked for; its socket goes to the pairing. */
  #onJoin(join: Body<'join'>): void {
    const rest = this.#reader.rest();
    if (rest.length > 0) throw new MalformedMessageError('bytes after join, before the peer has come');
    this.#state = { name: 'over' };
    this.#detach();
    this.#registry.pairings.join(this.#socket, this.#seat, join);
  }

  readonly #onData = (chunk: Buffer): void => this.receive(chunk);

  readonly #onEnd = (): void => {
    this.#leave('lost');
  };

  readonly #onClose = (): void => {
    this.#leave('lost');
  };

  #leave(how: Departure): void {
    const state = this.#state;
    this.#state = { name: 'over' };
    this.#registry.sessions.delete(this);
    this.#detach();
    if (state.name === 'member') state.world.depart(state.member, how);
    letGo(this.#socket, Buffer.alloc(0));
  }

  #refuse(refusal: Refusal, reason: string): void {
    const { name } = this.#state;
    if (name === 'over') return;
    // The others first: they must not hear of it later than the one who is refused.
    const state = this.#state;
    this.#state = { name: 'over' };
    this.#registry.sessions.delete(this);
    this.#detach();
    if (state.name === 'member') state.world.depart(state.member, 'lost');
    refuse(this.#context, this.#socket, refusal, reason);
  }

  #detach(): void {
    clearTimeout(this.#deadline);
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
  }

  #setDeadline(afterMs: number, reason: string): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#refuse('timeout', reason), afterMs);
  }

  #send<Name extends MessageName>(name: Name, body: Body<Name>): void {
    if (this.#socket.destroyed || this.#state.name === 'over') return;
    if (this.#socket.writableLength > this.#context.limits.unreadBytes) {
      this.#context.counters.refuse('limit');
      this.#socket.destroy();
      return;
    }
    this.#socket.write(encode(name, body));
  }
}
