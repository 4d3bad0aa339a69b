import type { Operation, Slot } from '../operation.ts';
import type { Message } from '../value.ts';
import type { Link } from './link-channel.ts';

export interface Waiter {
  readonly operation: Operation;
  readonly resolve: (message: Message) => void;
  readonly reject: (error: unknown) => void;
}

export interface Outgoing {
  readonly operation: Operation;
  readonly message: Message;
  readonly resolve?: () => void;
  readonly reject?: (error: unknown) => void;
}

export interface Arrived {
  readonly slot: Slot;
  readonly message: Message;
}

export interface Flush {
  readonly operation: Operation;
  readonly reject: (error: unknown) => void;
}

/** What a link channel knows of one other rank. */
export class Peer {
  readonly rank: number;
  link: Link | undefined;
  dialling = false;
  /** The peer said good-bye, so the end of its stream is no loss. */
  left = false;
  gone = false;
  readonly arrived: Arrived[] = [];
  readonly waiters: Waiter[] = [];
  readonly outbox: Outgoing[] = [];
  readonly flushes = new Set<Flush>();
  outboxBytes = 0;
  /** Bytes sent to the peer and not yet reported as consumed. */
  outstanding = 0;
  sent = 0;
  consumed = 0;
  reported = 0;

  constructor(rank: number) {
    this.rank = rank;
  }
}
