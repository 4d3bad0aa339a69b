import { connect, type Socket } from 'node:net';
import {
  createConnector,
  deriveRunKey,
  startRendezvous,
  type ConnectorOptions,
  type Endpoint,
  type PeerConnector,
  type PeerLink,
  type RendezvousServer,
  type RendezvousServerOptions,
} from '../src/index.ts';

export const secret = 'a secret of the tests, long enough';

/** Servers, connectors and sockets of one test, all closed by `close`. */
export class Scene {
  readonly #open: (() => Promise<unknown> | undefined)[] = [];

  async server(options: Partial<RendezvousServerOptions> = {}): Promise<RendezvousServer> {
    const server = await startRendezvous({ secrets: [secret], host: '127.0.0.1', port: 0, healthPort: 0, ...options });
    this.#open.push(() => server.close(0));
    return server;
  }

  async connector(
    server: { readonly port: number },
    options: Partial<ConnectorOptions> & Pick<ConnectorOptions, 'rank' | 'worldSize'>,
  ): Promise<PeerConnector> {
    const runId = options.runId ?? 'run';
    const runKey = deriveRunKey(secret, runId);
    const connector = await createConnector({ rendezvous: at(server), runId, runKey, ...options });
    this.#open.push(() => connector.close());
    return connector;
  }

  async world(
    server: { readonly port: number },
    worldSize: number,
    options: Partial<ConnectorOptions> = {},
  ): Promise<PeerConnector[]> {
    const ranks = Array.from({ length: worldSize }, (_, rank) => rank);
    return await Promise.all(ranks.map((rank) => this.connector(server, { ...options, rank, worldSize })));
  }

  /** A plain TCP client that collects what it is sent. */
  async raw(port: number): Promise<RawClient> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const client = new RawClient(socket);
    this.#open.push(async () => socket.destroy());
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return client;
  }

  async close(): Promise<void> {
    for (const close of this.#open.reverse()) await close();
    this.#open.length = 0;
  }
}

export class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  received: Buffer = Buffer.alloc(0);
  readonly #waiters = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
      for (const check of this.#waiters) check();
    });
  }

  send(bytes: string | Buffer): this {
    this.socket.write(bytes);
    return this;
  }

  /** The next `length` bytes. */
  async take(length: number): Promise<Buffer> {
    await new Promise<void>((resolve, reject) => {
      const check = () => {
        if (this.received.length < length) return;
        this.#waiters.delete(check);
        resolve();
      };
      this.#waiters.add(check);
      void this.closed.then(() => reject(new Error(`closed after ${this.received.length} of ${length} bytes`)));
      check();
    });
    const taken = this.received.subarray(0, length);
    this.received = this.received.subarray(length);
    return taken;
  }
}

export function at(server: { readonly port: number }): Endpoint {
  return { host: '127.0.0.1', port: server.port };
}

/** Sends `text` one way and waits for it at the other end. */
export async function say(from: PeerLink, to: PeerLink, text: string): Promise<string> {
  const heard = new Promise<string>((resolve) => {
    let received = '';
    const read = (chunk: Buffer) => {
      received += chunk.toString();
      if (received.length < text.length) return;
      to.socket.off('data', read);
      resolve(received);
    };
    to.socket.on('data', read).resume();
  });
  from.socket.write(text);
  return await heard;
}

/** Resolves as soon as `check` holds; looked at on every turn of the event loop's timers. */
export async function until(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 2));
}

export async function both(left: PeerConnector, right: PeerConnector): Promise<[PeerLink, PeerLink]> {
  const deadline = Date.now() + 20_000;
  return await Promise.all([left.connect(right.rank, { deadline }), right.connect(left.rank, { deadline })]);
}
