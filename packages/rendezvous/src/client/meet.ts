import type { ConnectorOptions, PeerLink } from '../peer-link.ts';
import { createConnector } from './connector.ts';

export interface MeetOptions extends Pick<
  ConnectorOptions,
  | 'rendezvous'
  | 'runId'
  | 'runKey'
  | 'allowRelay'
  | 'allowDirect'
  | 'encrypt'
  | 'signal'
  | 'localCandidates'
  | 'punchMs'
  | 'unixSockets'
> {
  readonly self: number;
  readonly peer: number;
  /** What both call their pairing; at most 64 bytes. Pairs with other names, even of the same ranks, are strangers. */
  readonly pairingName: string;
  /** Milliseconds since the epoch. Default: 30 s from now. */
  readonly deadline?: number;
}

const defaultMeetMs = 30_000;

/**
 * Connects two ranks that need no one else; a world of its own for each pairing name. For more than one peer, a connector is
 * cheaper: it holds one connection to the server, not one for each pair.
 * @throws what `createConnector` and `PeerConnector.connect` throw
 */
export async function meet(options: MeetOptions): Promise<PeerLink> {
  const { self, peer, pairingName, deadline = Date.now() + defaultMeetMs, ...rest } = options;
  const worldSize = Math.max(self, peer) + 1;
  const connector = await createConnector({ ...rest, rank: self, worldSize, group: pairingName, deadline });
  try {
    const link = await connector.connect(peer, {
      deadline,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    link.socket.once('close', () => void connector.close());
    return link;
  } catch (error) {
    await connector.close();
    throw error;
  }
}
