import type { PeerConnector, PeerLink } from '@cosmicai/rendezvous';
import type { ChannelFactory, LinkReport } from './channel.ts';
import type { Dial, LinkHandler } from './link.ts';
import { LinkChannel, type LinkChannelOptions } from './link-channel.ts';
import { SocketLink } from './socket-link.ts';
import { windowFor } from './window.ts';

/** The server learns of a rank's end as soon as other ranks do, so its word is waited for no longer than this. */
const WORD_MS = 1000;

/**
 * Streams from rank to rank, of a rendezvous connector. Kind `relay` is for a connector made with `allowDirect: false`; a `direct`
 * channel may still use the relay for single pairs that can't be punched. The channel takes the connector over and closes it.
 */
export function direct(connector: PeerConnector, kind: 'direct' | 'relay' = 'direct'): ChannelFactory {
  return (setting) => {
    const { window, largestMessage } = windowFor(setting);
    const links = new Map<number, LinkReport>();
    const dialling = new Set<number>();
    const left = new Set<number>();
    const unproven = new Set<number>();
    const channel = new ConnectorChannel(
      { kind, ...setting, window, largestMessage },
      async (peer, handler, signal) => {
        const link = await dial(peer, signal);
        links.set(peer, { peer, kind: link.kind, encrypted: link.encrypted, setupMs: link.setupMs });
        const onEnd: LinkHandler['onEnd'] = (reason, cause, wasSilent = false) => {
          if (!wasSilent) {
            handler.onEnd(reason, cause);
            return;
          }
          // The peer may have closed its communicator before it knew that this link stood: the server knows whether it has left.
          unproven.add(peer);
          if (left.has(peer)) channel.left(peer);
          setTimeout(() => handler.onEnd(reason, cause), WORD_MS).unref();
        };
        return new SocketLink(link.socket, { ...handler, onEnd }, `Rank ${peer}`, largestMessage, (withinMs) =>
          link.close(withinMs),
        );
      },
      () => connector.close(),
      links,
    );
    const dial = async (peer: number, signal: AbortSignal): Promise<PeerLink> => {
      dialling.add(peer);
      try {
        return await connector.connect(peer, { signal });
      } catch (error) {
        if (left.has(peer)) channel.left(peer);
        throw error;
      } finally {
        dialling.delete(peer);
      }
    };
    connector.onPeerLost((peer, how) => {
      if (how === 'lost') {
        channel.departed(peer, 'its connection to the rendezvous server ended without a good-bye');
        return;
      }
      left.add(peer);
      // With a link, the good-bye comes through it, after everything else the peer has sent; one that is still being made here may stand
      // already on the peer's side.
      if (!(links.has(peer) || dialling.has(peer)) || unproven.has(peer)) channel.left(peer);
    });
    return channel;
  };
}

class ConnectorChannel extends LinkChannel {
  readonly links: ReadonlyMap<number, LinkReport>;

  constructor(
    options: LinkChannelOptions,
    dial: Dial,
    hangUp: () => Promise<void>,
    links: ReadonlyMap<number, LinkReport>,
  ) {
    super(options, dial, hangUp);
    this.links = links;
  }
}
