import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Body } from '../wire/messages.ts';
import { FrameReader } from '../wire/frame-reader.ts';
import { MessageStream } from './message-stream.ts';

/** A connection whose first message named a pairing. */
export interface Visitor {
  readonly socket: Socket;
  readonly hello: Body<'linkHello'>;
  readonly reader: FrameReader;
}

/** Strangers on the port get this long to name a pairing, and so does a visitor whose introduction is still on its way here. */
const patienceMs = 5_000;
/** Most connections that haven't found their pairing; more are closed at once. */
const maxWaiting = 512;

/** The port on which this rank awaits its peers. Says nothing to whoever doesn't name a pairing that the server has made. */
export class HostListener {
  readonly #server: Server;
  readonly #awaited = new Map<string, (visitor: Visitor) => void>();
  readonly #early = new Map<string, Visitor>();
  readonly #waiting = new Set<Socket>();

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#arrive(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Calls `welcome` for each visitor that names the pairing; returns the function that stops it. */
  await(pairing: Buffer, welcome: (visitor: Visitor) => void): () => void {
    const key = pairing.toString('hex');
    this.#awaited.set(key, welcome);
    const early = this.#early.get(key);
    this.#early.delete(key);
    if (early !== undefined) welcome(early);
    return () => this.#awaited.delete(key);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#waiting) socket.destroy();
    for (const { socket } of this.#early.values()) socket.destroy();
    this.#early.clear();
  }

  #arrive(socket: Socket): void {
    socket.on('error', () => undefined);
    if (this.#waiting.size + this.#early.size >= maxWaiting) {
      socket.destroy();
      return;
    }
    this.#waiting.add(socket);
    const timer = setTimeout(() => socket.destroy(), patienceMs);
    const reader = new FrameReader();
    const stream = new MessageStream(socket, reader);
    const settled = () => {
      clearTimeout(timer);
      this.#waiting.delete(socket);
    };
    stream.listen((message) => {
      settled();
      if (message.name !== 'linkHello') {
        stream.destroy();
        return;
      }
      stream.detach();
      this.#recognise({ socket, hello: message.body, reader });
    }, settled);
  }

  #recognise(visitor: Visitor): void {
    const key = visitor.hello.pairing.toString('hex');
    const welcome = this.#awaited.get(key);
    if (welcome !== undefined) {
      welcome(visitor);
      return;
    }
    // The peer got its introduction first; ours must come soon.
    this.#early.get(key)?.socket.destroy();
    this.#early.set(key, visitor);
    setTimeout(() => {
      if (this.#early.get(key) !== visitor) return;
      this.#early.delete(key);
      visitor.socket.destroy();
    }, patienceMs).unref();
  }
}

/** Listens on a free port of all addresses. */
export async function openHostListener(): Promise<HostListener> {
  const server = createServer({ pauseOnConnect: true, noDelay: true });
  server.listen({ port: 0, backlog: 1_024 });
  await once(server, 'listening');
  server.on('error', () => undefined);
  return new HostListener(server);
}
