import { itemAt } from '@cosmicai/payload';
import type { Landing } from '../landing.ts';
import type { Operation, Slot } from '../operation.ts';
import type { Message } from '../value.ts';
import { takeWhere } from './take-where.ts';

interface Arrived {
  readonly slot: Slot;
  readonly message: Message;
}

interface Waiter {
  readonly operation: Operation;
  readonly resolve: (message: Message) => void;
  readonly reject: (error: unknown) => void;
}

/** Messages from one peer: those that came before anybody asked, and who waits for those that haven't come. */
export class Incoming {
  readonly #arrived: Arrived[] = [];
  readonly #waiters: Waiter[] = [];

  /** The operation that waits longest. */
  get first(): Operation | undefined {
    return this.#waiters[0]?.operation;
  }

  /** Does this operation wait here? */
  holdsUp(operation: Operation): boolean {
    return this.#waiters.some((waiter) => waiter.operation === operation);
  }

  /** The operation's next message, if it has come. */
  take(operation: Operation): Message | undefined {
    const arrived = this.#arrived;
    for (let i = 0; i < arrived.length; i++) {
      const { slot, message } = itemAt(arrived, i);
      if (slot.context === operation.context && slot.sequence === operation.sequence) {
        // The peer is in another operation there: that isn't the message, and the world will say so.
        if (slot.signature !== operation.signature) return undefined;
        arrived.splice(i, 1);
        return message;
      }
    }
    return undefined;
  }

  /** The operation's next message once it comes. */
  wait(operation: Operation): Promise<Message> {
    return new Promise((resolve, reject) => this.#waiters.push({ operation, resolve, reject }));
  }

  /** Gives a message to the one who waits for it; false when nobody does, so that it is kept. */
  put(slot: Slot, message: Message): boolean {
    const waiting = this.#waiterOf(slot);
    if (waiting < 0) {
      this.#arrived.push({ slot, message });
      return false;
    }
    const [waiter] = this.#waiters.splice(waiting, 1);
    waiter?.resolve(message);
    return true;
  }

  /** Where the one who waits for a message wants it. */
  landingOf(slot: Slot): Landing | undefined {
    return this.#waiters[this.#waiterOf(slot)]?.operation.landing;
  }

  /** Of the messages that nobody has asked for. */
  slots(): Slot[] {
    return this.#arrived.map(({ slot }) => slot);
  }

  cancel(operation: Operation, error: unknown): void {
    for (const waiter of takeWhere(this.#waiters, (each) => each.operation === operation)) waiter.reject(error);
  }

  fail(error: Error): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  #waiterOf(slot: Slot): number {
    for (let i = 0; i < this.#waiters.length; i++) {
      const { context, sequence, signature } = itemAt(this.#waiters, i).operation;
      if (slot.sequence === sequence && slot.context === context && slot.signature === signature) return i;
    }
    return -1;
  }
}
