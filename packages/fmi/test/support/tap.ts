import { once } from 'node:events';
import net from 'node:net';
import type { Departure, PeerConnector } from '@cosmicai/rendezvous';
import { Communicator, direct } from '../../src/index.ts';
import { plainLink } from './plain-link.ts';

/** A world of two whose bytes from rank 0 to rank 1 pass through `tap`. */
export async function withTap(
  tap: (chunk: Buffer, forward: (bytes: Buffer) => void) => void,
  program: (a: Communicator, b: Communicator) => Promise<void>,
): Promise<void> {
  const [left, outer] = await socketPair();
  const [inner, right] = await socketPair();
  outer.on('data', (chunk: Buffer) => tap(chunk, (bytes) => inner.write(bytes))).on('end', () => inner.end());
  inner.on('data', (chunk: Buffer) => outer.write(chunk)).on('end', () => outer.end());
  for (const socket of [outer, inner]) socket.on('error', () => undefined);
  const ranks = [connectorOf(0, [undefined, left]), connectorOf(1, [right, undefined])].map(
    ({ connector }, rank) =>
      new Communicator(rank, 2, { name: 'tapped', channels: [direct(connector)], deadlineMs: 2000 }),
  );
  try {
    await program(ranks[0]!, ranks[1]!);
  } finally {
    await Promise.all(ranks.map((communicator) => communicator.close()));
    for (const socket of [left, outer, inner, right]) socket.destroy();
  }
}

export async function socketPair(): Promise<[net.Socket, net.Socket]> {
  const server = net.createServer({ noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[net.Socket]>;
  const client = net.connect({ port: (server.address() as net.AddressInfo).port, host: '127.0.0.1', noDelay: true });
  const [other] = await accepted;
  server.close();
  return [client, other];
}

/** A connector with the socket to each rank, perhaps one that is still being made, whose rendezvous server says what the test lets it say. */
export function connectorOf(rank: number, sockets: readonly (net.Socket | Promise<net.Socket> | undefined)[]) {
  let listener: (peer: number, how: Departure) => void = () => undefined;
  const connector: PeerConnector = {
    rank,
    worldSize: sockets.length,
    connect: async (peer) => {
      return plainLink(peer, await sockets[peer]!);
    },
    onPeerLost: (called) => {
      listener = called;
      return () => undefined;
    },
    close: () => Promise.resolve(),
  };
  return { connector, tell: (peer: number, how: Departure) => listener(peer, how) };
}
