import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Body } from '../wire/messages.ts';
import { FrameReader } from '../wire/frame-reader.ts';
import { MessageStream } from './message-stream.ts';
import { neighbourPath } from './neighbour.ts';

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

/** The port, and the UNIX socket beside it, on which this rank awaits its peers. Says nothing to whoever doesn't name a pairing that the server has made. */
export class HostListener {
  readonly port: number;
  readonly #servers: readonly Server[];
  readonly #awaited = new Map<string, (visitor: Visitor) => void>();
  readonly #early = new Map<string, Visitor>();
  readonly #waiting = new Set<Socket>();

  constructor(port: number, servers: readonly Server[]) {
    this.port = port;
    this.#servers = servers;
    for (const server of servers) server.on('connection', (socket) => this.#arrive(socket));
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
    for (const server of this.#servers) server.close();
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

/** Listens on a free port of all addresses, and beside it for peers on this machine. */
export async function openHostListener(unixSockets: boolean): Promise<HostListener> {
  const server = await listen({ port: 0 });
  const { port } = server.address() as AddressInfo;
  const path = unixSockets ? neighbourPath(port) : undefined;
  if (path === undefined) return new HostListener(port, [server]);
  // A system may do without such names; its peers meet on the port.
  const beside = await listen({ path }).catch(() => undefined);
  return new HostListener(port, beside === undefined ? [server] : [server, beside]);
}

async function listen(at: { readonly port: number } | { readonly path: string }): Promise<Server> {
  const server = createServer({ pauseOnConnect: true, noDelay: true });
  server.listen({ ...at, backlog: 1_024 });
  await once(server, 'listening');
  server.on('error', () => undefined);
  return server;
}
