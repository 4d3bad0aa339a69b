import type { Socket } from 'node:net';
import type { Endpoint } from '../peer-link.ts';
import { encodeResponseV2, type RequestV2 } from '../wire/v2.ts';
import { letGo, observedEndpoint, type ServerContext } from './context.ts';

interface WaitingClient {
  readonly socket: Socket;
  readonly endpoint: Endpoint;
  readonly token: string;
}

/**
 * Pairs TCPunch v2 clients by name. A client whose connection broke while it waited isn't paired with, but may take its place again by
 * its token until the time-out.
 */
export class PairingsV2 {
  readonly #context: ServerContext;
  readonly #waiting = new Map<string, WaitingClient>();
  /** Token to name, of clients whose connection broke. */
  readonly #resumable = new Map<string, string>();

  constructor(context: ServerContext) {
    this.#context = context;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes over a connection that has sent its request. */
  arrive(socket: Socket, { pairingName, token }: RequestV2): void {
    const endpoint = observedEndpoint(socket);
    if (endpoint === undefined || endpoint.host.includes(':')) {
      letGo(socket, encodeResponseV2({ status: 'error', you: undefined, peer: undefined, token: '' }));
      return;
    }
    const other = this.#waiting.get(pairingName);
    const returning = token !== '' && (this.#resumable.get(token) === pairingName || other?.token === token);
    const full = this.#waiting.size + this.#resumable.size >= this.#context.limits.waiting;
    if (other === undefined && !returning && full) {
      this.#context.counters.refuse('limit');
      letGo(socket, encodeResponseV2({ status: 'error', you: endpoint, peer: undefined, token: '' }));
      return;
    }
    socket.on('data', () => socket.destroy()).on('end', () => socket.destroySoon());
    socket.resume();
    this.#resumable.delete(token);
    const client = { socket, endpoint, token: returning ? token : this.#freshToken() };
    if (other === undefined) this.#wait(pairingName, client);
    else if (other.token === client.token) this.#takePlace(pairingName, other, client);
    else this.#pair(pairingName, other, client);
  }

  /** The client is back before its old connection was seen to break. */
  #takePlace(name: string, before: WaitingClient, now: WaitingClient): void {
    this.#waiting.delete(name);
    before.socket.destroy();
    this.#wait(name, now);
  }

  #wait(name: string, client: WaitingClient): void {
    const { socket, endpoint, token } = client;
    this.#waiting.set(name, client);
    socket.write(encodeResponseV2({ status: 'waiting', you: endpoint, peer: undefined, token }));
    const timer = setTimeout(() => {
      this.#waiting.delete(name);
      this.#context.counters.refuse('timeout');
      letGo(socket, encodeResponseV2({ status: 'timeout', you: endpoint, peer: undefined, token }));
    }, this.#context.timeouts.waiting);
    socket.once('close', () => {
      clearTimeout(timer);
      if (this.#waiting.get(name) !== client) return;
      this.#waiting.delete(name);
      this.#resumable.set(token, name);
      setTimeout(() => this.#resumable.delete(token), this.#context.timeouts.waiting).unref();
    });
  }

  #pair(name: string, first: WaitingClient, second: WaitingClient): void {
    this.#waiting.delete(name);
    this.#context.counters.pairingsV2++;
    for (const [client, peer] of [
      [first, second],
      [second, first],
    ] as const) {
      const { socket, endpoint: you, token } = client;
      const response = encodeResponseV2({ status: 'paired', you, peer: peer.endpoint, token });
      letGo(socket, response, this.#context.timeouts.join);
    }
  }

  /** A random UUID (version 4), as the token's format asks. */
  #freshToken(): string {
    const bytes = this.#context.randomBytes(16);
    bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
    bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
}
