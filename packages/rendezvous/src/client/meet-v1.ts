import type { Socket } from 'node:net';
import { UserInputError } from '@cosmicai/payload';
import { PeerUnreachableError, RendezvousUnavailableError } from '../errors.ts';
import type { Endpoint } from '../peer-link.ts';
import { addressBytesV1, decodeAddressV1, maxNameV1 } from '../wire/v1.ts';
import { dial, errorCode } from './dial.ts';
import { punch } from './punch.ts';
import { within } from './timing.ts';

export interface MeetV1Options {
  readonly rendezvous: Endpoint;
  /** 1 to 99 bytes; both peers send the same. */
  readonly pairingName: string;
  readonly signal?: AbortSignal;
  /** Milliseconds since the epoch. Default: 30 s from now. */
  readonly deadline?: number;
}

const defaultMeetMs = 30_000;

/**
 * Meets a TCPunch v1 peer, C++ or ours: the raw socket, paused, TCP_NODELAY. Nobody proves anything; the only check is that the
 * connection comes from the address that the server named.
 * @throws RendezvousUnavailableError when the server doesn't serve v1 or goes away; PeerUnreachableError (peer -1: v1 knows no ranks)
 *   when no hole was punched in time; the signal's reason
 */
export async function meetV1(options: MeetV1Options): Promise<Socket> {
  const { rendezvous, pairingName } = options;
  const name = Buffer.from(pairingName, 'utf8');
  if (name.length < 1 || name.length > maxNameV1) {
    throw new UserInputError(`a v1 pairing name takes 1 to ${maxNameV1} bytes; this one has ${name.length}`);
  }
  const limit = within(
    (options.deadline ?? Date.now() + defaultMeetMs) - Date.now(),
    options.signal ?? new AbortController().signal,
    () =>
      new PeerUnreachableError(
        -1,
        'pairing',
        `The peer of pairing ${JSON.stringify(pairingName)} wasn't reached in time.`,
      ),
  );
  const { signal } = limit;
  const where = `${rendezvous.host}:${rendezvous.port}`;
  try {
    const server = await dial({ to: rendezvous, signal, from: { address: '0.0.0.0', port: 0 } }).catch(
      (error: unknown) => {
        signal.throwIfAborted();
        const code = errorCode(error) || String(error);
        throw new RendezvousUnavailableError(`No rendezvous server answers at ${where} (${code}).`, { cause: error });
      },
    );
    try {
      server.write(name);
      const [observed, peer] = await readAddresses(server, signal, where);
      return await punch({
        localAddress: '0.0.0.0',
        localPort: server.localPort ?? 0,
        observed,
        peer,
        signal,
        reopen: false,
        maxRefusals: Infinity,
        accept: async (socket) => {
          const expected = socket.remoteAddress?.replace(/^::ffff:/, '') === peer.host;
          if (!expected) socket.destroy();
          return expected;
        },
      });
    } finally {
      server.destroy();
    }
  } finally {
    limit.end();
  }
}

/** Own address, then the peer's. The socket is paused afterwards, so that the server's closing doesn't free the port yet. */
async function readAddresses(
  server: Socket,
  signal: AbortSignal,
  where: string,
): Promise<readonly [Endpoint, Endpoint]> {
  let received: Buffer = Buffer.alloc(0);
  return await new Promise((resolve, reject) => {
    const stop = () => {
      server.off('data', read).off('close', closed).pause();
      signal.removeEventListener('abort', abort);
    };
    const abort = () => {
      stop();
      reject(signal.reason as Error);
    };
    const closed = () => {
      stop();
      const text = `The rendezvous server at ${where} closed the connection; does it serve TCPunch v1 (--allow-v1)?`;
      reject(new RendezvousUnavailableError(text));
    };
    const read = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 * addressBytesV1) return;
      stop();
      resolve([
        decodeAddressV1(received.subarray(0, addressBytesV1)),
        decodeAddressV1(received.subarray(addressBytesV1, 2 * addressBytesV1)),
      ]);
    };
    signal.addEventListener('abort', abort, { once: true });
    server.on('data', read).on('close', closed).resume();
  });
}
