import type { Socket } from 'node:net';
import type { Endpoint } from '../peer-link.ts';
import { encodeAddressV1 } from '../wire/v1.ts';
import { letGo, observedEndpoint, type ServerContext } from './context.ts';

interface WaitingClient {
  readonly socket: Socket;
  readonly endpoint: Endpoint;
}

/** Pairs TCPunch v1 clients by name. A name lives as long as its waiting client's connection, and no longer than the time-out. */
export class PairingsV1 {
  readonly #context: ServerContext;
  readonly #waiting = new Map<string, WaitingClient>();

  constructor(context: ServerContext) {
    this.#context = context;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes over a connection that has sent its name. */
  arrive(socket: Socket, name: Buffer): void {
    const endpoint = observedEndpoint(socket);
    if (endpoint === undefined || endpoint.host.includes(':')) {
      socket.destroy();
      return;
    }
    const key = name.toString('latin1');
    const first = this.#waiting.get(key);
    if (first === undefined && this.#waiting.size >= this.#context.limits.waiting) {
      this.#context.counters.refuse('limit');
      socket.destroy();
      return;
    }
    // A v1 client says nothing after its name.
    socket.on('data', () => socket.destroy()).on('end', () => socket.destroySoon());
    socket.resume();
    socket.write(encodeAddressV1(endpoint));
    if (first === undefined) this.#wait(key, { socket, endpoint });
    else this.#pair(key, first, { socket, endpoint });
  }

  #wait(key: string, client: WaitingClient): void {
    this.#waiting.set(key, client);
    const timer = setTimeout(() => {
      this.#context.counters.refuse('timeout');
      client.socket.destroy();
    }, this.#context.timeouts.waiting);
    client.socket.once('close', () => {
      clearTimeout(timer);
      if (this.#waiting.get(key) === client) this.#waiting.delete(key);
    });
  }

  #pair(key: string, first: WaitingClient, second: WaitingClient): void {
    this.#waiting.delete(key);
    this.#context.counters.pairingsV1++;
    // C++ clients keep the connection open for as long as they live, to keep its port; they needn't keep ours.
    letGo(first.socket, encodeAddressV1(second.endpoint), this.#context.timeouts.join);
    letGo(second.socket, encodeAddressV1(first.endpoint), this.#context.timeouts.join);
  }
}
