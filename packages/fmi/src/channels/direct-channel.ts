import type { ChannelFactory } from '../communicator.ts';
import type { PeerConnector } from '../rendezvous/index.ts';
import { LinkChannel } from './link-channel.ts';
import { SocketLink } from './socket-link.ts';
import { windowFor } from './window.ts';

/**
 * TCP from rank to rank through a rendezvous connector. Kind `relay` is for a connector made with `allowDirect: false`; a `direct`
 * channel may still use the relay for single pairs that can't be punched. The channel takes the connector over and closes it.
 */
export function direct(connector: PeerConnector, kind: 'direct' | 'relay' = 'direct'): ChannelFactory {
  return (setting) => {
    const { window, largestMessage } = windowFor(setting);
    const linked = new Set<number>();
    const channel = new LinkChannel(
      { kind, ...setting, window, largestMessage },
      async (peer, handler, signal) => {
        const link = await connector.connect(peer, { signal });
        linked.add(peer);
        return new SocketLink(link.socket, handler, `Rank ${peer}`, largestMessage, () => link.close());
      },
      () => connector.close(),
    );
    connector.onPeerLost((peer, how) => {
      if (how === 'lost') channel.departed(peer, 'its connection to the rendezvous server ended without a good-bye');
      // With a link, the good-bye comes through it, after everything else the peer has sent.
      else if (!linked.has(peer)) channel.left(peer);
    });
    return channel;
  };
}
