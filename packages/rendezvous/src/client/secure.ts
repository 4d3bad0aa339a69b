import type { Socket } from 'node:net';
import { connect, TLSSocket } from 'node:tls';

/**
 * TLS 1.2 with a pre-shared key and an ephemeral Diffie-Hellman exchange: forward secret, authenticated by the key alone, no
 * certificates. (Node offers pre-shared keys for TLS 1.2 only.)
 */
const tls = {
  ciphers: 'DHE-PSK-AES256-GCM-SHA384',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
} as const;
const identity = 'cosmicai link';

/** Wraps an established, paused link; both sides call it with the same key and opposite sides. */
export async function secureLink(
  socket: Socket,
  psk: Buffer,
  side: 'client' | 'server',
  signal: AbortSignal,
): Promise<TLSSocket> {
  signal.throwIfAborted();
  const secured =
    side === 'client'
      ? connect({ ...tls, socket, pskCallback: () => ({ psk, identity }), checkServerIdentity: () => undefined })
      : new TLSSocket(socket, {
          ...tls,
          isServer: true,
          dhparam: 'auto',
          pskCallback: (_socket: TLSSocket, claimed: string) => (claimed === identity ? psk : null),
        } as ConstructorParameters<typeof TLSSocket>[1]);
  return await new Promise((resolve, reject) => {
    const stop = () => {
      signal.removeEventListener('abort', abort);
      secured.off('secure', secure).off('close', closed).off('error', failed);
      secured.on('error', () => undefined);
    };
    const fail = (error: Error) => {
      stop();
      secured.destroy();
      reject(error);
    };
    const abort = () => fail(signal.reason as Error);
    const failed = (error: Error) => fail(error);
    const closed = () => fail(new Error('the connection closed during the TLS handshake'));
    const secure = () => {
      stop();
      secured.pause();
      resolve(secured);
    };
    signal.addEventListener('abort', abort);
    secured.on('secure', secure).on('close', closed).on('error', failed);
  });
}
