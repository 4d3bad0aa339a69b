import { Flows } from './flow.ts';
import { Incoming } from './incoming.ts';
import { Outgoing } from './outgoing.ts';

/** What a link channel knows of one other rank. */
export class Peer {
  readonly rank: number;
  readonly flows: Flows;
  readonly incoming = new Incoming();
  readonly outgoing: Outgoing;
  dialling = false;
  /** The peer said good-bye, so the end of its stream is not a loss. */
  left = false;
  gone = false;

  /** @param window bytes of each kind of messages that may be on the way to the peer */
  constructor(rank: number, window: number) {
    this.rank = rank;
    this.flows = new Flows(window);
    this.outgoing = new Outgoing(this.flows, window);
  }
}
