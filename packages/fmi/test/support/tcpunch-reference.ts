import { once } from 'node:events';
import net from 'node:net';

/** Connects those who send the same name, as a TCPunch server and two hole punchers would, over plain TCP on this machine. */
export class NamedPairs {
  readonly #waiting = new Map<string, (socket: net.Socket) => void>();
  readonly #connections = new Map<number, net.Socket>();
  readonly #server = net.createServer({ noDelay: true }, (socket) =>
    this.#connections.set(socket.remotePort!, socket.pause()),
  );
  /** All names that were used, in order. */
  readonly names: string[] = [];

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  async meet(name: string): Promise<net.Socket> {
    const other = this.#waiting.get(name);
    if (other === undefined) {
      this.names.push(name);
      return new Promise((resolve) => this.#waiting.set(name, resolve));
    }
    this.#waiting.delete(name);
    const { port } = this.#server.address() as net.AddressInfo;
    const mine = net.connect({ port, host: '127.0.0.1', noDelay: true });
    await once(mine, 'connect');
    // Several connections may come at once: the one from this port is the other end.
    other(await this.#accepted(mine.localPort!));
    return mine;
  }

  close(): void {
    this.#server.close();
  }

  async #accepted(port: number): Promise<net.Socket> {
    for (;;) {
      const socket = this.#connections.get(port);
      if (socket !== undefined) return socket;
      await once(this.#server, 'connection');
    }
  }
}

type Function64 = (a: number, b: number) => number;

/**
 * A peer as C++ FMI's direct channel behaves, written from the description of its wire: blocking sends and receives of raw bytes,
 * buffers of fixed size, the result of a fold put over the left operand. Float64 only, which is enough to tell orders of folding apart.
 */
export class ReferencePeer {
  readonly #pairs: NamedPairs;
  readonly #name: string;
  readonly #sockets = new Map<number, net.Socket>();
  readonly rank: number;
  readonly size: number;

  constructor(rank: number, size: number, name: string, pairs: NamedPairs) {
    this.rank = rank;
    this.size = size;
    this.#name = name;
    this.#pairs = pairs;
  }

  async send(buffer: Float64Array, to: number): Promise<void> {
    const socket = await this.#socket(to, `${this.#name}${this.rank}_${to}`);
    socket.write(Buffer.from(buffer.slice().buffer));
  }

  async recv(buffer: Float64Array, from: number): Promise<void> {
    const socket = await this.#socket(from, `${this.#name}${from}_${this.rank}`);
    const target = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    for (let filled = 0; filled < target.length;) {
      const part = socket.read(Math.min(socket.readableLength, target.length - filled)) as Buffer | null;
      if (part === null) await once(socket, 'readable');
      else filled += part.copy(target, filled);
    }
  }

  async bcast(buffer: Float64Array, root: number): Promise<void> {
    const me = (this.rank + this.size - root) % this.size;
    for (let i = this.#rounds() - 1; i >= 0; i--) {
      if (me % 2 ** (i + 1) === 0) {
        if (me + 2 ** i < this.size) await this.send(buffer, (me + 2 ** i + root) % this.size);
      } else if (me % 2 ** i === 0) await this.recv(buffer, (me - 2 ** i + root) % this.size);
    }
  }

  async gather(buffer: Float64Array, root: number): Promise<Float64Array> {
    const me = (this.rank + this.size - root) % this.size;
    const length = buffer.length;
    const byDistance = new Float64Array(length * this.size);
    byDistance.set(buffer);
    for (let i = 0; i < this.#rounds(); i++) {
      const from = me + 2 ** i;
      if (me % 2 ** (i + 1) === 0 && from < this.size) {
        const blocks = Math.min(2 ** i, this.size - from);
        await this.recv(byDistance.subarray(2 ** i * length, (2 ** i + blocks) * length), (from + root) % this.size);
      } else if (me % 2 ** i === 0 && me % 2 ** (i + 1) !== 0) {
        const blocks = Math.min(2 ** i, this.size - me);
        await this.send(byDistance.subarray(0, blocks * length), (me - 2 ** i + root) % this.size);
      }
    }
    const byRank = new Float64Array(length * this.size);
    for (let d = 0; d < this.size; d++)
      byRank.set(byDistance.subarray(d * length, (d + 1) * length), ((d + root) % this.size) * length);
    return byRank;
  }

  async scatter(all: Float64Array | undefined, share: Float64Array, root: number): Promise<void> {
    const me = (this.rank + this.size - root) % this.size;
    const { length } = share;
    let mine = new Float64Array(length * this.size);
    for (let d = 0; all !== undefined && d < this.size; d++) {
      const rank = (d + root) % this.size;
      mine.set(all.subarray(rank * length, (rank + 1) * length), d * length);
    }
    for (let i = this.#rounds() - 1; i >= 0; i--) {
      const to = me + 2 ** i;
      if (me % 2 ** (i + 1) === 0 && to < this.size) {
        const blocks = Math.min(2 ** i, this.size - to);
        await this.send(mine.subarray(2 ** i * length, (2 ** i + blocks) * length), (to + root) % this.size);
      } else if (me % 2 ** i === 0 && me % 2 ** (i + 1) !== 0) {
        mine = new Float64Array(Math.min(2 ** i, this.size - me) * length);
        await this.recv(mine, (me - 2 ** i + root) % this.size);
      }
    }
    share.set(mine.subarray(0, length));
  }

  async reduce(buffer: Float64Array, root: number, f: Function64, ordered: boolean): Promise<Float64Array> {
    if (ordered) {
      const all = await this.gather(buffer, root);
      const result = all.slice(0, buffer.length);
      for (let rank = 1; rank < this.size; rank++)
        put(result, all.subarray(rank * buffer.length, (rank + 1) * buffer.length), f);
      return result;
    }
    const me = (this.rank + this.size - root) % this.size;
    const theirs = new Float64Array(buffer.length);
    for (let i = 0; i < this.#rounds(); i++) {
      if (me % 2 ** (i + 1) === 0 && me + 2 ** i < this.size) {
        await this.recv(theirs, (me + 2 ** i + root) % this.size);
        put(buffer, theirs, f);
      } else if (me % 2 ** i === 0 && me % 2 ** (i + 1) !== 0)
        await this.send(buffer, (me - 2 ** i + root) % this.size);
    }
    return buffer;
  }

  async allreduce(buffer: Float64Array, f: Function64, ordered: boolean): Promise<Float64Array> {
    if (ordered) {
      const result = await this.reduce(buffer, 0, f, true);
      await this.bcast(result, 0);
      return result;
    }
    const rounds = Math.floor(Math.log2(this.size));
    const power = 2 ** rounds;
    const theirs = new Float64Array(buffer.length);
    const hasExtra = this.rank < power && this.rank + power < this.size;
    if (hasExtra) {
      await this.recv(theirs, this.rank + power);
      put(buffer, theirs, f);
    } else if (this.rank >= power) await this.send(buffer, this.rank - power);
    for (let i = 0; this.rank < power && i < rounds; i++) {
      const peer = this.rank ^ (2 ** i);
      if (peer < this.rank) {
        await this.send(buffer, peer);
        await this.recv(theirs, peer);
      } else {
        await this.recv(theirs, peer);
        await this.send(buffer, peer);
      }
      put(buffer, theirs, f);
    }
    if (hasExtra) await this.send(buffer, this.rank + power);
    else if (this.rank >= power) await this.recv(buffer, this.rank - power);
    return buffer;
  }

  async scan(buffer: Float64Array, f: Function64, ordered: boolean): Promise<Float64Array> {
    const theirs = new Float64Array(buffer.length);
    if (ordered) {
      // Rank 0 of a world of one would send to a peer that doesn't exist; that is the one thing not to be faithful to.
      if (this.rank > 0) {
        await this.recv(theirs, this.rank - 1);
        put(theirs, buffer, f);
      }
      const result = this.rank === 0 ? buffer : theirs;
      if (this.rank + 1 < this.size) await this.send(result, this.rank + 1);
      return result;
    }
    const rounds = Math.floor(Math.log2(this.size));
    const ends = (bits: number): boolean => (this.rank & (2 ** bits - 1)) === 2 ** bits - 1;
    for (let i = 0; i < rounds; i++) {
      if (ends(i + 1)) {
        await this.recv(theirs, this.rank - 2 ** i);
        put(buffer, theirs, f);
      } else if (ends(i) && this.rank + 2 ** i < this.size) {
        await this.send(buffer, this.rank + 2 ** i);
        break;
      }
    }
    for (let i = rounds; i > 0; i--) {
      if (ends(i)) {
        if (this.rank + 2 ** (i - 1) < this.size) await this.send(buffer, this.rank + 2 ** (i - 1));
      } else if (ends(i - 1) && this.rank - 2 ** (i - 1) > 0) {
        await this.recv(theirs, this.rank - 2 ** (i - 1));
        put(buffer, theirs, f);
      }
    }
    return buffer;
  }

  async barrier(): Promise<void> {
    // One byte on the wire, of no meaning.
    const byte = new Uint8Array(1);
    const peer = Object.create(this, {
      send: {
        value: async (_: Float64Array, to: number) =>
          void (await this.#socket(to, `${this.#name}${this.rank}_${to}`)).write(byte),
      },
      recv: { value: (_: Float64Array, from: number) => this.#readByte(from) },
    }) as ReferencePeer;
    await ReferencePeer.prototype.allreduce.call(peer, new Float64Array(0), (a) => a, false);
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }

  async #readByte(from: number): Promise<void> {
    const socket = await this.#socket(from, `${this.#name}${from}_${this.rank}`);
    while (socket.read(1) === null) await once(socket, 'readable');
  }

  async #socket(peer: number, pairingName: string): Promise<net.Socket> {
    let socket = this.#sockets.get(peer);
    if (socket === undefined) {
      socket = await this.#pairs.meet(pairingName);
      this.#sockets.set(peer, socket);
    }
    return socket;
  }

  #rounds(): number {
    return Math.ceil(Math.log2(this.size));
  }
}

function put(left: Float64Array, right: Float64Array, f: Function64): void {
  for (let i = 0; i < left.length; i++) left[i] = f(left[i]!, right[i]!);
}
