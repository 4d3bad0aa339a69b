import { itemAt } from '@cosmicai/payload';
import type { Channel } from '../channels/channel.ts';
import type { Operation } from '../operation.ts';
import type { Message } from '../value.ts';

/** One collective as its algorithm sees it: ranks are those of the communicator, messages belong to this operation alone. */
export class Exchange {
  readonly rank: number;
  readonly size: number;
  readonly #channel: Channel;
  readonly #operation: Operation;
  readonly #members: readonly number[];
  #pending: Promise<unknown>[] | undefined;

  constructor(channel: Channel, operation: Operation, rank: number, members: readonly number[]) {
    this.#channel = channel;
    this.#operation = operation;
    this.#members = members;
    this.rank = rank;
    this.size = members.length;
  }

  get isBoard(): boolean {
    return this.#channel.layout === 'board';
  }

  send(to: number, message: Message): void {
    this.#await(this.#channel.send(itemAt(this.#members, to), message, this.#operation));
  }

  /** Moves a message to where the caller wants it, if it said where. */
  landed(message: Message): Message {
    return this.#operation.landing?.take(message) ?? message;
  }

  receive(from: number): Promise<Message> | Message {
    return this.#channel.receive(itemAt(this.#members, from), this.#operation);
  }

  /** Boards only: for every other rank. */
  publish(message: Message): void {
    if (this.#channel.publish === undefined) throw this.#noBoard();
    this.#await(this.#channel.publish(message, this.#operation));
  }

  receivePublished(from: number): Promise<Message> {
    if (this.#channel.receivePublished === undefined) throw this.#noBoard();
    return this.#channel.receivePublished(itemAt(this.#members, from), this.#operation);
  }

  #noBoard(): Error {
    return new TypeError(`A ${this.#channel.kind} channel publishes nothing.`);
  }

  /** Undefined when all sends are in the outgoing buffers and the caller's memory isn't needed any more, else a promise of that. */
  flushed(): Promise<unknown> | undefined {
    return this.#pending === undefined ? undefined : Promise.all(this.#pending);
  }

  #await(sent: Promise<unknown> | undefined): void {
    if (sent === undefined) return;
    // The operation may fail somewhere else first; then nobody looks at this promise any more.
    sent.catch(() => undefined);
    (this.#pending ??= []).push(sent);
  }
}
