import type { Operation, Slot } from '../operation.ts';
import type { PeerLink } from '@cosmicai/rendezvous';
import type { Message } from '../value.ts';

export const channelKinds = ['direct', 'relay', 'store', 'redis', 'memory'] as const;

/** How messages travel: hole-punched TCP, TCP through the rendezvous server, objects in a store, keys in Redis, or inside one process. */
export type ChannelKind = (typeof channelKinds)[number];

/** How a rank is reached: straight or through the relay, encrypted or not, and how long it took to get there. */
export type LinkReport = Pick<PeerLink, 'peer' | 'kind' | 'encrypted' | 'setupMs'>;

/** Why a world ended, as ranks tell each other. */
export interface FailureNotice {
  readonly kind: 'lost' | 'mismatch';
  /** The lost rank, or the ranks that disagree. */
  readonly ranks: readonly number[];
  readonly reason: string;
}

/** One operation a rank is in, and the ranks it needs something from. */
export interface ActiveOperation extends Slot {
  readonly waitingOn: readonly number[];
}

/** What a rank answers when another asks what it is doing. */
export interface RankStatus {
  readonly active: readonly ActiveOperation[];
}

/** A message that arrived: who sent it and where it belongs. */
export interface Arrival {
  readonly from: number;
  readonly slot: Slot;
}

/** What a channel tells the world it belongs to. Ranks are those of the world. */
export interface ChannelEvents {
  /** A message came that nobody waits for, perhaps not yet. */
  unexpected(from: number, slot: Slot): void;
  /** A rank can't be reached any more, or sent bytes that make no sense. */
  lost(rank: number, reason: string, cause?: unknown): void;
  /** Another rank reports that the world has ended. */
  failed(notice: FailureNotice): void;
  /** What this rank is doing. */
  status(): RankStatus;
}

/** One way for the ranks of a world to exchange messages. Every implementation passes the suites of `@cosmicai/fmi/conformance`. */
export interface Channel {
  readonly kind: ChannelKind;
  /** `links`: one stream per pair, so collectives are trees. `board`: what one rank posts all can read, so they are flat. */
  readonly layout: 'links' | 'board';
  /** Time before a deadline that finding out who is to blame takes, ms. */
  readonly enquiryMs: number;
  /** Links that have been made, by rank; absent where ranks have no links of their own. */
  readonly links?: ReadonlyMap<number, LinkReport>;
  attach(events: ChannelEvents): void;
  /** Starts connecting to ranks that the next operation needs. */
  expect(ranks: readonly number[]): void;
  /**
   * Puts a message in the bounded outgoing buffer of a rank.
   * @returns undefined when that is done, else a promise that resolves once there was room (and, for a message that isn't `owned`,
   *   once its bytes aren't needed any more)
   */
  send(to: number, message: Message, operation: Operation): Promise<void> | undefined;
  /** The next message of this operation from that rank; messages of one pair and operation keep their order. */
  receive(from: number, operation: Operation): Promise<Message> | Message;
  /** Messages that arrived before anybody waited for them. */
  early(): Iterable<Arrival>;
  /** Boards only: one message for every rank in `to`. */
  publish?(message: Message, operation: Operation): Promise<void>;
  receivePublished?(from: number, operation: Operation): Promise<Message>;
  /** Boards only: everybody has got what this rank published in this communicator before `sequence`. */
  settled?(context: number, sequence: number): void;
  /** Ranks that this operation is waiting for now. */
  waitingOn(operation: Operation): number[];
  /** Asks the last rank of the path what it is doing, through the ranks before it; undefined when it doesn't answer before `signal`. */
  enquire(path: readonly number[], signal: AbortSignal): Promise<RankStatus | undefined>;
  /** Tells every rank within reach that the world has ended. */
  notify(notice: FailureNotice): void;
  /** Rejects what this operation waits for. */
  cancel(operation: Operation, error: unknown): void;
  /** Rejects everything, now and later. */
  fail(error: Error): void;
  /**
   * Hands over what was sent until `deadlineMs` from now, says good-bye and lets go of everything.
   * @throws UndeliveredError when a rank hasn't taken by then what was sent to it, and the world hasn't failed
   */
  close(deadlineMs: number): Promise<void>;
}

/** Makes the channel of one rank; see `direct`, `store`, `redis`, `memory`. */
export type ChannelFactory = (world: ChannelSetting) => Channel;

export interface ChannelSetting {
  readonly rank: number;
  readonly worldSize: number;
  readonly name: string;
  /** Bytes that all buffers of a rank may take together, and the largest single message. */
  readonly memoryBytes: number;
}
