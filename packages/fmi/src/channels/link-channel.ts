import { parseJsonAs } from '@cosmicai/payload';
import type { z } from 'zod';
import { CommunicatorClosedError, MessageError } from '../errors.ts';
import { describeSlot, isPointToPoint, type Operation, type Slot } from '../operation.ts';
import { EMPTY, encodeValue, type Message } from '../value.ts';
import type { Arrival, Channel, ChannelEvents, ChannelKind, FailureNotice, RankStatus } from './channel.ts';
import { frameKinds, type FrameHandler } from './frame.ts';
import type { Flow } from './flow.ts';
import { Peer, type Flush } from './peer.ts';
import { answerSchema, enquirySchema, noticeSchema } from './notices.ts';

/** The stream to one peer. */
export interface Link {
  /**
   * Writes one frame.
   * @param flushed called once the body's memory isn't needed any more; may be called before `write` returns
   */
  write(kind: number, slot: Slot, message: Message, consumed: number, flushed?: () => void): void;
  /** Flushes, then closes. */
  close(): void;
}

/** How a link channel gets its links; `handler` receives the frames of the peer. */
export type Dial = (peer: number, handler: LinkHandler, signal: AbortSignal) => Promise<Link>;

export interface LinkHandler extends FrameHandler {
  /**
   * The stream ended or broke.
   * @param wasSilent nothing has ever come through it
   */
  onEnd(reason: string, cause?: unknown, wasSilent?: boolean): void;
}

export interface LinkChannelOptions {
  readonly kind: ChannelKind;
  readonly rank: number;
  readonly worldSize: number;
  /** Names the communicator in error messages. */
  readonly name: string;
  /** Bytes of collectives that may be on the way to one peer before it has taken them, and as many from point to point. */
  readonly window: number;
  /** Bytes of the largest single message. */
  readonly largestMessage: number;
}

/** Answers come within milliseconds, unless a rank computes without letting its event loop turn. */
const ENQUIRY_MS = 500;
/** What a message costs of the window beside its body, so that empty ones are bounded too. */
const MESSAGE_COST = 64;
const CONTROL: Slot = { context: 0, sequence: 0, signature: 0 };
const POINT_TO_POINT: Slot = { ...CONTROL, context: 1 };

/** Messages over one ordered stream per pair of ranks, with flow control by credit: a stream never stands still because of an unread message. */
export class LinkChannel implements Channel {
  readonly kind: ChannelKind;
  readonly layout = 'links';
  readonly enquiryMs = ENQUIRY_MS;
  readonly #options: LinkChannelOptions;
  readonly #dial: Dial;
  readonly #hangUp: () => Promise<void>;
  readonly #peers: Peer[];
  readonly #dials = new AbortController();
  readonly #enquiries = new Map<number, (status: RankStatus | undefined) => void>();
  #nextEnquiry = 1;
  #events: ChannelEvents | undefined;
  #failure: Error | undefined;
  #notice: FailureNotice | undefined;
  /** Messages that arrived and nobody has taken yet. */
  #early = 0;
  #closing = false;
  #drained: (() => void) | undefined;

  /** @param hangUp closes what the links came from, once they are closed */
  constructor(options: LinkChannelOptions, dial: Dial, hangUp: () => Promise<void> = () => Promise.resolve()) {
    this.#hangUp = hangUp;
    this.kind = options.kind;
    this.#options = options;
    this.#dial = dial;
    this.#peers = Array.from({ length: options.worldSize }, (_, rank) => new Peer(rank, options.window));
  }

  attach(events: ChannelEvents): void {
    this.#events = events;
  }

  expect(ranks: readonly number[]): void {
    for (const rank of ranks) this.#connect(this.#peers[rank]!);
  }

  send(to: number, message: Message, operation: Operation): Promise<void> | undefined {
    this.#refuseWhenFailed();
    const size = message.body.byteLength + MESSAGE_COST;
    if (size > this.#options.largestMessage) {
      throw new MessageError(
        `A message of ${message.body.byteLength} bytes exceeds the limit of ${this.#options.largestMessage}; raise memoryMiB on every rank.`,
      );
    }
    const peer = this.#peers[to]!;
    if (peer.gone || peer.left) {
      this.#reportDeparted(peer, operation);
      this.#refuseWhenFailed();
    }
    const flow = peer.flow(operation.context);
    const isFirst = !peer.outbox.some((queued) => peer.flow(queued.operation.context) === flow);
    if (peer.link !== undefined && isFirst && flow.hasRoom(size)) {
      return this.#write(peer, message, operation);
    }
    this.#connect(peer);
    peer.outboxBytes += size;
    if (message.owned && peer.link === undefined && peer.outboxBytes <= this.#options.window) {
      peer.outbox.push({ operation, message });
      return undefined;
    }
    return new Promise((resolve, reject) => peer.outbox.push({ operation, message, resolve, reject }));
  }

  receive(from: number, operation: Operation): Promise<Message> | Message {
    this.#refuseWhenFailed();
    const peer = this.#peers[from]!;
    const arrived = peer.arrived;
    for (let i = 0; i < arrived.length; i++) {
      const { slot, message } = arrived[i]!;
      if (slot.context === operation.context && slot.sequence === operation.sequence) {
        if (slot.signature !== operation.signature) break;
        arrived.splice(i, 1);
        this.#early--;
        this.#consume(peer, operation.context, message);
        return message;
      }
    }
    if (peer.gone || peer.left) {
      this.#reportDeparted(peer, operation);
      this.#refuseWhenFailed();
    }
    if (peer.link === undefined) this.#connect(peer);
    return new Promise((resolve, reject) => peer.waiters.push({ operation, resolve, reject }));
  }

  waitingOn(operation: Operation): number[] {
    return this.#peers
      .filter(
        (peer) =>
          peer.waiters.some((waiter) => waiter.operation === operation) ||
          peer.outbox.some((outgoing) => outgoing.operation === operation && outgoing.resolve !== undefined) ||
          [...peer.flushes].some((flush) => flush.operation === operation),
      )
      .map((peer) => peer.rank);
  }

  enquire(path: readonly number[], signal: AbortSignal): Promise<RankStatus | undefined> {
    const target = path.at(-1)!;
    // Straight to the target when there is a link; else the way this rank learned of it.
    const direct = this.#peers[target]!.link !== undefined;
    const route = direct ? [target] : path;
    const link = this.#peers[route[0]!]!.link;
    if (link === undefined || signal.aborted) return Promise.resolve(undefined);
    const id = this.#nextEnquiry++;
    return new Promise((resolve) => {
      const settle = (status: RankStatus | undefined): void => {
        this.#enquiries.delete(id);
        signal.removeEventListener('abort', giveUp);
        resolve(status);
      };
      const giveUp = (): void => settle(undefined);
      signal.addEventListener('abort', giveUp);
      this.#enquiries.set(id, settle);
      this.#control(this.#peers[route[0]!]!, frameKinds.enquiry, { id, path: route.slice(1) });
    });
  }

  notify(notice: FailureNotice): void {
    this.#notice = notice;
    for (const peer of this.#peers) this.#control(peer, frameKinds.failure, notice);
  }

  cancel(operation: Operation, error: unknown): void {
    for (const peer of this.#peers) {
      for (const waiter of takeWhere(peer.waiters, (waiting) => waiting.operation === operation)) waiter.reject(error);
      for (const outgoing of takeWhere(peer.outbox, (queued) => queued.operation === operation)) {
        peer.outboxBytes -= outgoing.message.body.byteLength + MESSAGE_COST;
        outgoing.reject?.(error);
      }
      for (const flush of peer.flushes) if (flush.operation === operation) flush.reject(error);
    }
  }

  fail(error: Error): void {
    this.#failure ??= error;
    for (const peer of this.#peers) {
      for (const waiter of peer.waiters.splice(0)) waiter.reject(error);
      for (const outgoing of peer.outbox.splice(0)) outgoing.reject?.(error);
      for (const flush of peer.flushes) flush.reject(error);
      peer.flushes.clear();
      peer.outboxBytes = 0;
    }
    this.#drained?.();
  }

  async close(deadlineMs: number): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    // Links that are still being made count too: what waits for them goes out once they stand.
    if (!this.#isDrained) await this.#untilDrained(deadlineMs);
    for (const peer of this.#peers) {
      this.#control(peer, frameKinds.goodbye, null);
      peer.link?.close();
      peer.link = undefined;
    }
    const closed = new CommunicatorClosedError(this.#options.name);
    // Not when the world fails: peers that are still dialling get the notice as soon as their link stands.
    this.#dials.abort(closed);
    this.fail(closed);
    await this.#hangUp();
  }

  get #isDrained(): boolean {
    return this.#peers.every((peer) => peer.outbox.length === 0);
  }

  #untilDrained(deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, deadlineMs);
      this.#drained = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #connect(peer: Peer): void {
    if (peer.link !== undefined || peer.dialling || peer.gone || peer.rank === this.#options.rank) return;
    peer.dialling = true;
    const handler: LinkHandler = {
      onFrame: (kind, slot, message, consumed) => this.#onFrame(peer, kind, slot, message, consumed),
      onEnd: (reason, cause) => this.departed(peer.rank, reason, cause),
      landingOf: (kind, slot) => (isData(kind) ? peer.waiters[waiterOf(peer, slot)]?.operation.landing : undefined),
    };
    this.#dial(peer.rank, handler, this.#dials.signal).then(
      (link) => {
        if (this.#dials.signal.aborted || peer.gone) {
          link.write(frameKinds.goodbye, CONTROL, encodeValue(null), 0);
          link.close();
          return;
        }
        peer.link = link;
        if (this.#notice !== undefined) this.#control(peer, frameKinds.failure, this.#notice);
        this.#pump(peer);
      },
      (error: unknown) => {
        if (!this.#dials.signal.aborted) this.departed(peer.rank, (error as Error).message, error);
      },
    );
  }

  /** The peer is out of reach from now on; what it sent before stays readable. */
  departed(rank: number, reason: string, cause?: unknown): void {
    const peer = this.#peers[rank]!;
    if (peer.gone) return;
    peer.gone = true;
    peer.link = undefined;
    if (!peer.left && !this.#closing) {
      this.#events?.lost(rank, reason, cause);
      return;
    }
    this.#checkLeft(peer);
  }

  /** The peer closed its communicator in an orderly way. */
  left(rank: number): void {
    const peer = this.#peers[rank]!;
    peer.left = true;
    this.#checkLeft(peer);
  }

  #checkLeft(peer: Peer): void {
    if (this.#closing) {
      // Nobody is left to hear of it.
      peer.outbox.length = 0;
      if (this.#isDrained) this.#drained?.();
      return;
    }
    const waiting = peer.waiters[0]?.operation ?? peer.outbox[0]?.operation;
    if (waiting !== undefined) this.#reportDeparted(peer, waiting);
  }

  #reportDeparted(peer: Peer, operation: Operation): void {
    this.#events?.lost(peer.rank, `it closed its communicator before taking part in ${describeSlot(operation)}`);
  }

  #refuseWhenFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #write(peer: Peer, message: Message, operation: Operation): Promise<void> | undefined {
    const size = message.body.byteLength + MESSAGE_COST;
    const flow = peer.flow(operation.context);
    const kind = flow.send(size) ? frameKinds.askingData : frameKinds.data;
    if (message.owned) {
      peer.link!.write(kind, operation, message, flow.report());
      return undefined;
    }
    let flushed = false;
    let resume: (() => void) | undefined;
    peer.link!.write(kind, operation, message, flow.report(), () => {
      flushed = true;
      resume?.();
    });
    if (flushed as boolean) return undefined;
    return new Promise((resolve, reject) => {
      const flush: Flush = { operation, reject };
      peer.flushes.add(flush);
      resume = () => {
        peer.flushes.delete(flush);
        resolve();
      };
    });
  }

  /** Sends what waited for the link or for room. */
  #pump(peer: Peer): void {
    // Messages of one flow keep their order.
    const stuck = new Set<Flow>();
    for (let i = 0; peer.link !== undefined && i < peer.outbox.length;) {
      const { message, operation, resolve, reject } = peer.outbox[i]!;
      const size = message.body.byteLength + MESSAGE_COST;
      const flow = peer.flow(operation.context);
      if (stuck.has(flow) || !flow.hasRoom(size)) {
        stuck.add(flow);
        i++;
        continue;
      }
      peer.outbox.splice(i, 1);
      peer.outboxBytes -= size;
      const written = this.#write(peer, message, operation);
      if (written === undefined) resolve?.();
      else
        written.then(
          () => resolve?.(),
          (error: unknown) => reject?.(error),
        );
    }
    if (this.#drained !== undefined && this.#isDrained) this.#drained();
  }

  #consume(peer: Peer, context: number, message: Message): void {
    const flow = peer.flow(context);
    if (!flow.consume(message.body.byteLength + MESSAGE_COST)) return;
    peer.link?.write(frameKinds.credit, isPointToPoint(context) ? POINT_TO_POINT : CONTROL, EMPTY, flow.report());
  }

  #control(peer: Peer, kind: number, body: unknown): void {
    peer.link?.write(kind, CONTROL, encodeValue(body), peer.flow(CONTROL.context).report());
  }

  #onFrame(peer: Peer, kind: number, slot: Slot, message: Message, consumed: number): void {
    const flow = peer.flow(slot.context);
    flow.onReport(consumed);
    if (isData(kind)) {
      flow.receive(message.body.byteLength + MESSAGE_COST, kind === frameKinds.askingData);
      this.#onData(peer, slot, message);
    }
    if (peer.outbox.length > 0) this.#pump(peer);
    switch (kind) {
      case frameKinds.failure:
        this.#events?.failed(parseBody(noticeSchema, message, peer));
        break;
      case frameKinds.enquiry:
        void this.#onEnquiry(peer, parseBody(enquirySchema, message, peer));
        break;
      case frameKinds.answer: {
        const { id, status } = parseBody(answerSchema, message, peer);
        this.#enquiries.get(id)?.(status);
        break;
      }
      case frameKinds.goodbye:
        this.left(peer.rank);
        break;
    }
  }

  #onData(peer: Peer, slot: Slot, message: Message): void {
    const waiting = waiterOf(peer, slot);
    if (waiting >= 0) {
      const [waiter] = peer.waiters.splice(waiting, 1);
      this.#consume(peer, slot.context, message);
      waiter!.resolve(message);
      return;
    }
    peer.arrived.push({ slot, message });
    this.#early++;
    if (!isPointToPoint(slot.context)) this.#events?.unexpected(peer.rank, slot);
  }

  async #onEnquiry(peer: Peer, { id, path }: z.output<typeof enquirySchema>): Promise<void> {
    // No timer of its own: the one who asked gives up in time.
    const status = path.length === 0 ? this.#events?.status() : await this.enquire(path, this.#dials.signal);
    this.#control(peer, frameKinds.answer, status === undefined ? { id } : { id, status });
  }

  *early(): Iterable<Arrival> {
    if (this.#early === 0) return;
    for (const peer of this.#peers) for (const { slot } of peer.arrived) yield { from: peer.rank, slot };
  }
}

function isData(kind: number): boolean {
  return kind === frameKinds.data || kind === frameKinds.askingData;
}

/** Index of the waiter that a message is for, or -1. */
function waiterOf(peer: Peer, slot: Slot): number {
  for (let i = 0; i < peer.waiters.length; i++) {
    const { context, sequence, signature } = peer.waiters[i]!.operation;
    if (slot.sequence === sequence && slot.context === context && slot.signature === signature) return i;
  }
  return -1;
}

function parseBody<Schema extends z.ZodType>(schema: Schema, message: Message, peer: Peer): z.output<Schema> {
  return parseJsonAs(schema, Buffer.from(message.body).toString(), `control message of rank ${peer.rank}`);
}

function takeWhere<T>(list: T[], matches: (item: T) => boolean): T[] {
  const taken = list.filter(matches);
  if (taken.length > 0) list.splice(0, list.length, ...list.filter((item) => !matches(item)));
  return taken;
}
