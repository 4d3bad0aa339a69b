import type { ChannelFactory } from './channel.ts';
import type { PeerConnector } from '../rendezvous/index.ts';
import type { LinkReport } from './channel.ts';
import { LinkChannel, type Dial, type LinkChannelOptions } from './link-channel.ts';
import { SocketLink } from './socket-link.ts';
import { windowFor } from './window.ts';

/**
 * TCP from rank to rank through a rendezvous connector. Kind `relay` is for a connector made with `allowDirect: false`; a `direct`
 * channel may still use the relay for single pairs that can't be punched. The channel takes the connector over and closes it.
 */
export function direct(connector: PeerConnector, kind: 'direct' | 'relay' = 'direct'): ChannelFactory {
  return (setting) => {
    const { window, largestMessage } = windowFor(setting);
    const links = new Map<number, LinkReport>();
    const channel = new ConnectorChannel(
      { kind, ...setting, window, largestMessage },
      async (peer, handler, signal) => {
        const link = await connector.connect(peer, { signal });
        links.set(peer, { peer, kind: link.kind, encrypted: link.encrypted, setupMs: link.setupMs });
        return new SocketLink(link.socket, handler, `Rank ${peer}`, largestMessage, () => link.close());
      },
      () => connector.close(),
      links,
    );
    connector.onPeerLost((peer, how) => {
      if (how === 'lost') channel.departed(peer, 'its connection to the rendezvous server ended without a good-bye');
      // With a link, the good-bye comes through it, after everything else the peer has sent.
      else if (!links.has(peer)) channel.left(peer);
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
