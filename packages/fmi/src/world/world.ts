import { performance } from 'node:perf_hooks';
import { itemAt } from '@cosmicai/payload';
import type { Channel, ChannelEvents, FailureNotice, RankStatus } from '../channels/channel.ts';
import { OperationMismatchError, PeerLostError } from '../errors.ts';
import type { Operation, Slot } from '../operation.ts';
import { afterOwnTime } from '../own-time.ts';
import { findCulprit, lost, mismatch } from './blame.ts';

/** How many finished operations of a communicator are remembered, to tell a late message from a wrong one. */
const REMEMBERED = 64;
/** Finding out who is to blame may take this part of a deadline at most. */
const ENQUIRY_SHARE = 0.5;

/**
 * A failed world lets go of its channels after this, so that its process can end; until then it tells those who are still on their way
 * to it why it failed.
 */
const TELL_MS = 2_000;

/** What this rank has begun in one communicator. */
interface Progress {
  sequence: number;
  readonly signatures: Uint32Array;
}

interface Running {
  readonly operation: Operation;
  readonly channel: Channel;
  investigating: boolean;
}

/**
 * What all communicators of one process and run share: the channels, the operations under way, their deadlines, and the one failure
 * that ends everything. Once a rank is lost or ranks disagree, the streams are out of step, so the world stays failed.
 */
export class World implements ChannelEvents {
  readonly rank: number;
  readonly size: number;
  readonly channels: readonly Channel[];
  #failure: Error | undefined;
  readonly #running = new Map<Operation, Running>();
  readonly #progress = new Map<number, Progress>();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;
  #closing: Promise<void> | undefined;
  #hangUp: NodeJS.Timeout | undefined;

  constructor(rank: number, size: number, channels: readonly Channel[]) {
    this.rank = rank;
    this.size = size;
    this.channels = channels;
    for (const channel of channels) channel.attach(this);
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Registers a collective or point-to-point operation; `end` must follow. */
  begin(operation: Operation, channel: Channel): void {
    this.#running.set(operation, { operation, channel, investigating: false });
    this.#wakeAt(enquiryTime(operation, channel));
  }

  /** Notes that this rank is at this point of a communicator's program and checks what came early against it. */
  enter(operation: Operation): void {
    const progress = this.#progress.get(operation.context) ?? { sequence: -1, signatures: new Uint32Array(REMEMBERED) };
    progress.sequence = operation.sequence;
    progress.signatures[operation.sequence % REMEMBERED] = operation.signature;
    this.#progress.set(operation.context, progress);
    for (const channel of this.channels) for (const { from, slot } of channel.early()) this.unexpected(from, slot);
  }

  end(operation: Operation): void {
    this.#running.delete(operation);
    operation.landing?.close();
  }

  unexpected(from: number, slot: Slot): void {
    const progress = this.#progress.get(slot.context);
    if (progress === undefined) return;
    const age = progress.sequence - slot.sequence;
    if (age < 0 || age >= REMEMBERED) return;
    const signature = itemAt(progress.signatures, slot.sequence % REMEMBERED);
    if (signature !== slot.signature) this.#fail(mismatch(this.rank, { ...slot, signature }, from, slot));
  }

  lost(rank: number, reason: string, cause?: unknown): void {
    this.#fail(lost(rank, reason), cause);
  }

  failed(notice: FailureNotice): void {
    this.#fail(notice);
  }

  status(): RankStatus {
    return {
      active: [...this.#running.values()].map(({ operation, channel }) => ({
        context: operation.context,
        sequence: operation.sequence,
        signature: operation.signature,
        waitingOn: channel.waitingOn(operation),
      })),
    };
  }

  /**
   * This rank gives up an operation that others need it for; here `error` says why.
   * @param disagrees to the others this is a mismatch of operations rather than a lost rank
   */
  abandon(error: Error, reason: string, disagrees = false): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#tell(disagrees ? { kind: 'mismatch', ranks: [this.rank], reason } : lost(this.rank, reason), error);
  }

  /** @throws UndeliveredError */
  async close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    await this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    clearTimeout(this.#timer);
    clearTimeout(this.#hangUp);
    const ends = await Promise.allSettled(this.channels.map((channel) => channel.close(deadlineMs)));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  #fail(notice: FailureNotice, cause?: unknown): void {
    if (this.#failure !== undefined) return;
    const error = errorOf(notice, cause);
    this.#failure = error;
    this.#tell(notice, error);
  }

  #tell(notice: FailureNotice, error: Error): void {
    for (const channel of this.channels) {
      channel.notify(notice);
      channel.fail(error);
    }
    // Whoever is closing it lets go of it anyway.
    if (this.#closing !== undefined) return;
    this.#hangUp = setTimeout(() => void this.close(TELL_MS).catch(() => undefined), TELL_MS);
  }

  // One timer for all operations: most of them end long before it fires, so it is set about once per deadline, not per operation.
  #wakeAt(time: number): void {
    if (time >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = time;
    this.#timer = setTimeout(() => this.#onTimer(), Math.max(0, time - performance.now()));
  }

  #onTimer(): void {
    this.#timerAt = Infinity;
    const now = performance.now();
    for (const running of this.#running.values()) {
      const time = enquiryTime(running.operation, running.channel);
      if (time > now) this.#wakeAt(time);
      else if (!running.investigating) void this.#investigate(running);
    }
  }

  async #investigate(running: Running): Promise<void> {
    running.investigating = true;
    const { operation, channel } = running;
    const overdue = new AbortController();
    // The whole of it even where this process was kept from its turn until the deadline: others are given their time to answer.
    const callOff = afterOwnTime(enquiryWindow(operation, channel), () => overdue.abort());
    const waitingOn = channel.waitingOn(operation);
    const verdict =
      waitingOn.length === 0
        ? undefined
        : await findCulprit(this.rank, operation, waitingOn, (path) => channel.enquire(path, overdue.signal));
    if (!overdue.signal.aborted) {
      await new Promise<void>((resolve) => overdue.signal.addEventListener('abort', () => resolve()));
    }
    callOff();
    if (!this.#running.has(operation)) return;
    this.#fail(verdict ?? lost(this.rank, 'it did not finish its own part in time'));
  }
}

function enquiryTime(operation: Operation, channel: Channel): number {
  return operation.deadline - enquiryWindow(operation, channel);
}

/** How long before a deadline others are asked what they wait for, ms. */
function enquiryWindow(operation: Operation, channel: Channel): number {
  return Math.min(channel.enquiryMs, operation.deadlineMs * ENQUIRY_SHARE);
}

function errorOf(notice: FailureNotice, cause: unknown): Error {
  if (notice.kind === 'mismatch') return new OperationMismatchError(notice.ranks, notice.reason);
  return new PeerLostError(itemAt(notice.ranks, 0), notice.reason, cause === undefined ? undefined : { cause });
}
