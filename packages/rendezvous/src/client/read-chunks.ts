import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { release } from '../release.ts';

/**
 * Where the bytes of all dialled sockets arrive, one read at a time: whoever takes them is done before the next read. Without it each
 * read gets 64 KiB of its own, and making and dropping those costs more than the reading.
 */
const arrivals = Buffer.allocUnsafeSlow(64 * 1024);

/** Takers of dialled sockets; undefined until there is one. */
const takers = new WeakMap<Socket, ((chunk: Buffer) => void) | undefined>();

/** As `connect` of node:net: a socket whose bytes are copied into `data` events, until `readChunks` takes them without a copy. */
export function connectForChunks(options: NetConnectOpts): Socket {
  const socket: Socket = connect({
    ...options,
    onread: {
      buffer: arrivals,
      callback: (length) => {
        const chunk = arrivals.subarray(0, length);
        const take = takers.get(socket);
        if (take === undefined) return socket.push(Buffer.from(chunk));
        take(chunk);
        return true;
      },
    },
  });
  takers.set(socket, undefined);
  return socket;
}

/**
 * Gives every chunk of a paused socket to `take`, in order, once it is resumed; those that came before at once. A chunk is valid during
 * the call only.
 */
export function readChunks(socket: Socket, take: (chunk: Buffer) => void): void {
  if (!takers.has(socket)) {
    socket.on('data', (chunk: Buffer) => {
      take(chunk);
      release(chunk);
    });
    return;
  }
  for (;;) {
    const early = socket.read() as Buffer | null;
    if (early === null) break;
    take(early);
  }
  takers.set(socket, take);
}
