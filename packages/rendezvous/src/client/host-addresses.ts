import type { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { maxCandidates } from '../wire/messages.ts';
import type { Endpoint } from '../peer-link.ts';

/**
 * Addresses under which peers may reach a listener on this machine without any NAT: loopback when the server itself is reached over
 * loopback (then all peers are here), otherwise those of all interfaces, the one towards the server first.
 */
export function hostCandidates(control: Socket, listeningPort: number): readonly Endpoint[] {
  const towardsServer = control.localAddress?.replace(/^::ffff:(?=\d+\.)/, '');
  if (towardsServer === undefined) return [];
  if (isLoopback(towardsServer)) return [{ host: towardsServer, port: listeningPort }];
  const others = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !isLinkLocal(address))
    .map(({ address }) => address);
  const hosts = [...new Set([towardsServer, ...others])];
  return hosts.slice(0, maxCandidates).map((host) => ({ host, port: listeningPort }));
}

/** May peers with these addresses meet without a hole? When one of them isn't behind a NAT, or both are behind the same. */
export function mayMeetDirectly(own: Reachability, peer: Reachability): boolean {
  return isOpen(own) || isOpen(peer) || (own.observed.host === peer.observed.host && peer.candidates.length > 0);
}

/** No NAT in between: the server sees the address that the machine has. */
export function isOpen({ observed, candidates }: Reachability): boolean {
  return candidates.some(({ host }) => host === observed.host);
}

export interface Reachability {
  /** As the server sees it. */
  readonly observed: Endpoint;
  /** As the machine sees itself. */
  readonly candidates: readonly Endpoint[];
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.');
}

function isLinkLocal(host: string): boolean {
  return host.startsWith('169.254.') || /^fe[89ab]/i.test(host);
}
