import type { Socket } from 'node:net';
import type { PeerLink } from '@cosmicai/rendezvous';
import { closeLink } from '@cosmicai/rendezvous';

/** A link over a socket that the test made itself, without a handshake. */
export function plainLink(peer: number, socket: Socket): PeerLink {
  const close: PeerLink['close'] = (withinMs) => closeLink(socket, withinMs);
  return { kind: 'direct', peer, socket, encrypted: false, setupMs: 0, close };
}
