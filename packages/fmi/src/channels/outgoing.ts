import { itemAt } from '@cosmicai/payload';
import type { Operation } from '../operation.ts';
import type { Message } from '../value.ts';
import { costOf, type Flow, type Flows } from './flow.ts';
import { frameKinds } from './frame.ts';
import type { Link } from './link.ts';
import { takeWhere } from './take-where.ts';

interface Queued {
  readonly operation: Operation;
  readonly message: Message;
  readonly resolve?: () => void;
  readonly reject?: (error: unknown) => void;
}

interface Flush {
  readonly operation: Operation;
  readonly reject: (error: unknown) => void;
}

/** Messages to one peer: those that wait for the link or for room, and those whose bytes the link still needs. */
export class Outgoing {
  /** The stream, while it stands. */
  link: Link | undefined;
  readonly #flows: Flows;
  readonly #limit: number;
  readonly #queue: Queued[] = [];
  #queuedBytes = 0;
  readonly #flushes = new Set<Flush>();

  /** @param limit bytes that may wait for the link before a sender waits too */
  constructor(flows: Flows, limit: number) {
    this.#flows = flows;
    this.#limit = limit;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** The operation of the message that waits longest. */
  get first(): Operation | undefined {
    return this.#queue[0]?.operation;
  }

  /** Does this operation wait here? */
  holdsUp(operation: Operation): boolean {
    return (
      this.#queue.some((queued) => queued.operation === operation && queued.resolve !== undefined) ||
      [...this.#flushes].some((flush) => flush.operation === operation)
    );
  }

  /** @returns as `send` of a channel */
  send(message: Message, operation: Operation): Promise<void> | undefined {
    const cost = costOf(message);
    const flow = this.#flows.of(operation.context);
    const isFirst = !this.#queue.some((queued) => this.#flows.of(queued.operation.context) === flow);
    if (this.link !== undefined && isFirst && flow.hasRoom(cost)) return this.#write(this.link, message, operation);
    this.#queuedBytes += cost;
    if (message.owned && this.link === undefined && this.#queuedBytes <= this.#limit) {
      this.#queue.push({ operation, message });
      return undefined;
    }
    return new Promise((resolve, reject) => this.#queue.push({ operation, message, resolve, reject }));
  }

  /** Sends what waited for the link or for room. */
  pump(): void {
    // Messages of one flow keep their order.
    const stuck = new Set<Flow>();
    for (let i = 0; this.link !== undefined && i < this.#queue.length;) {
      const { message, operation, resolve, reject } = itemAt(this.#queue, i);
      const cost = costOf(message);
      const flow = this.#flows.of(operation.context);
      if (stuck.has(flow) || !flow.hasRoom(cost)) {
        stuck.add(flow);
        i++;
        continue;
      }
      this.#queue.splice(i, 1);
      this.#queuedBytes -= cost;
      const written = this.#write(this.link, message, operation);
      if (written === undefined) resolve?.();
      else
        written.then(
          () => resolve?.(),
          (error: unknown) => reject?.(error),
        );
    }
  }

  cancel(operation: Operation, error: unknown): void {
    for (const queued of takeWhere(this.#queue, (each) => each.operation === operation)) {
      this.#queuedBytes -= costOf(queued.message);
      queued.reject?.(error);
    }
    for (const flush of this.#flushes) if (flush.operation === operation) flush.reject(error);
  }

  fail(error: Error): void {
    for (const queued of this.#queue.splice(0)) queued.reject?.(error);
    for (const flush of this.#flushes) flush.reject(error);
    this.#flushes.clear();
    this.#queuedBytes = 0;
  }

  #write(link: Link, message: Message, operation: Operation): Promise<void> | undefined {
    const flow = this.#flows.of(operation.context);
    const kind = flow.send(costOf(message)) ? frameKinds.askingData : frameKinds.data;
    if (message.owned) {
      link.write(kind, operation, message, flow.report());
      return undefined;
    }
    let flushed = false;
    let resume: (() => void) | undefined;
    link.write(kind, operation, message, flow.report(), () => {
      flushed = true;
      resume?.();
    });
    if (flushed as boolean) return undefined;
    return new Promise((resolve, reject) => {
      const flush: Flush = { operation, reject };
      this.#flushes.add(flush);
      resume = () => {
        this.#flushes.delete(flush);
        resolve();
      };
    });
  }
}
