import type { Socket } from 'node:net';
import type { Endpoint } from '../peer-link.ts';
import { connectForChunks } from './read-chunks.ts';

export interface DialOptions {
  /** A TCP port, or a UNIX socket. */
  readonly to: Endpoint | { readonly path: string };
  readonly signal: AbortSignal;
  /**
   * Local address and port. Naming the address is what makes libuv set SO_REUSEADDR, without which a port in use for one
   * connection can't be the start of a second one.
   */
  readonly from?: { readonly address: string; readonly port: number };
}

/** A connected socket, paused, with TCP_NODELAY if it is of TCP; rejects with the connection's error or the signal's reason. */
export async function dial({ to, signal, from }: DialOptions): Promise<Socket> {
  signal.throwIfAborted();
  const socket = connectForChunks({
    ...to,
    noDelay: true,
    ...(from === undefined ? {} : { localAddress: from.address, localPort: from.port }),
  });
  return await new Promise((resolve, reject) => {
    const stop = () => {
      signal.removeEventListener('abort', abort);
      socket.off('connect', connected).off('error', failed);
      // From now on an error shows as the socket's close; without a listener it would end the process.
      socket.on('error', () => undefined);
    };
    const abort = () => {
      stop();
      socket.destroy();
      reject(signal.reason as Error);
    };
    const failed = (error: Error) => {
      stop();
      socket.destroy();
      reject(error);
    };
    const connected = () => {
      stop();
      socket.pause();
      resolve(socket);
    };
    signal.addEventListener('abort', abort);
    socket.on('connect', connected).on('error', failed);
  });
}

/** The system's code of a connection error, such as ECONNREFUSED; '' when it has none. */
export function errorCode(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
