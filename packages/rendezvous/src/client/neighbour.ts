import type { Socket } from 'node:net';
import type { Endpoint } from '../peer-link.ts';
import { dial } from './dial.ts';

/**
 * The UNIX socket beside the TCP port of a host listener, for peers on the same machine: a message over it costs about a third less than
 * over loopback. Its name is abstract, so it ends with its process, leaves no file, and is seen as far as the port is: in one network
 * namespace. undefined where there are no such names.
 */
export function neighbourPath(port: number): string | undefined {
  return process.platform === 'linux' ? `\0cosmicai-fmi-${port}` : undefined;
}

/**
 * Dials the address of a peer: through its UNIX socket if it is one of this machine's own, else, or where nobody answers there (another
 * machine behind another NAT may have the same address), over TCP.
 */
export async function dialHost(to: Endpoint, own: readonly Endpoint[], signal: AbortSignal): Promise<Socket> {
  const path = own.some(({ host }) => host === to.host) ? neighbourPath(to.port) : undefined;
  if (path !== undefined) {
    try {
      return await dial({ to: { path }, signal });
    } catch {
      signal.throwIfAborted();
    }
  }
  return await dial({ to, signal });
}
