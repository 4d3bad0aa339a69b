import { once } from 'node:events';
import net from 'node:net';
import type { ConnectOptions, Departure, PeerConnector, PeerLink } from '@cosmicai/rendezvous';
import { plainLink } from './plain-link.ts';

interface Claim {
  readonly resolve: (socket: net.Socket) => void;
}

/** Plain TCP on 127.0.0.1 behind the connector's interface: channels can be tested without a rendezvous server. */
export class Loopback {
  readonly #server = net.createServer({ noDelay: true }, (socket) => this.#onConnection(socket));
  readonly #waiting = new Map<string, Claim>();
  readonly #early = new Map<string, net.Socket>();
  readonly #connectors: LoopbackConnector[] = [];
  readonly #worldSize: number;

  constructor(worldSize: number) {
    this.#worldSize = worldSize;
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  connector(rank: number): LoopbackConnector {
    const connector = new LoopbackConnector(rank, this.#worldSize, this);
    this.#connectors.push(connector);
    return connector;
  }

  /** The higher rank dials, the lower one takes the connection from the server. */
  async open(rank: number, peer: number): Promise<net.Socket> {
    if (rank < peer) {
      const key = `${peer} ${rank}`;
      const early = this.#early.get(key);
      if (early !== undefined) {
        this.#early.delete(key);
        return early;
      }
      return new Promise((resolve) => this.#waiting.set(key, { resolve }));
    }
    const socket = net.connect({
      port: (this.#server.address() as net.AddressInfo).port,
      host: '127.0.0.1',
      noDelay: true,
    });
    await once(socket, 'connect');
    socket.write(Buffer.from(Uint32Array.of(rank, peer).buffer));
    return socket;
  }

  close(): void {
    this.#server.close();
    for (const connector of this.#connectors) connector.destroy();
  }

  #onConnection(socket: net.Socket): void {
    socket.once('readable', () => {
      const hello = socket.read(8) as Buffer | null;
      if (hello === null) return;
      const key = `${hello.readUInt32LE(0)} ${hello.readUInt32LE(4)}`;
      const claim = this.#waiting.get(key);
      this.#waiting.delete(key);
      if (claim === undefined) this.#early.set(key, socket);
      else claim.resolve(socket);
    });
  }
}

export class LoopbackConnector implements PeerConnector {
  readonly rank: number;
  readonly worldSize: number;
  readonly #net: Loopback;
  readonly #links = new Map<number, Promise<PeerLink>>();
  readonly #sockets = new Set<net.Socket>();

  constructor(rank: number, worldSize: number, net: Loopback) {
    this.rank = rank;
    this.worldSize = worldSize;
    this.#net = net;
  }

  connect(peer: number, _options?: ConnectOptions): Promise<PeerLink> {
    let link = this.#links.get(peer);
    if (link === undefined) {
      link = this.#net.open(this.rank, peer).then((socket) => {
        this.#sockets.add(socket);
        return plainLink(peer, socket);
      });
      this.#links.set(peer, link);
    }
    return link;
  }

  onPeerLost(_listener: (peer: number, how: Departure) => void): () => void {
    return () => undefined;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** As when the process is killed: connections end without a good-bye. */
  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The sockets of the links that stand. */
  get sockets(): readonly net.Socket[] {
    return [...this.#sockets];
  }
}
