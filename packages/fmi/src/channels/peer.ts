import { isPointToPoint, type Operation, type Slot } from '../operation.ts';
import type { Message } from '../value.ts';
import { Flow } from './flow.ts';
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
  /** Of collectives. */
  readonly #collective: Flow;
  readonly #pointToPoint: Flow;

  /** @param window bytes of each kind of messages that may be on the way to the peer */
  constructor(rank: number, window: number) {
    this.rank = rank;
    this.#collective = new Flow(window);
    this.#pointToPoint = new Flow(window);
  }

  flow(context: number): Flow {
    return isPointToPoint(context) ? this.#pointToPoint : this.#collective;
  }
}
