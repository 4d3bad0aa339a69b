import { performance } from 'node:perf_hooks';
import { itemAt, parseJsonAs } from '@cosmicai/payload';
import type { z } from 'zod';
import { CommunicatorClosedError, MessageError, UndeliveredError } from '../errors.ts';
import { describeSlot, isPointToPoint, type Operation, type Slot } from '../operation.ts';
import { EMPTY, encodeValue, type Message } from '../value.ts';
import type { Arrival, Channel, ChannelEvents, ChannelKind, FailureNotice, RankStatus } from './channel.ts';
import { Enquiries } from './enquiries.ts';
import { costOf } from './flow.ts';
import { frameKinds } from './frame.ts';
import type { Dial, LinkHandler } from './link.ts';
import { answerSchema, enquirySchema, noticeSchema } from './notices.ts';
import { Peer } from './peer.ts';

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
/** What closing waits for the end of a peer that has nothing more to get. */
const LINGER_MS = 1000;
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
  readonly #enquiries = new Enquiries();
  #events: ChannelEvents | undefined;
  #failure: Error | undefined;
  #notice: FailureNotice | undefined;
  /** Messages that arrived and nobody has taken yet. */
  #early = 0;
  #closing = false;
  /** Ranks that may lack messages of this one, found while closing. */
  readonly #undelivered = new Set<number>();
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
    for (const rank of ranks) this.#connect(itemAt(this.#peers, rank));
  }

  send(to: number, message: Message, operation: Operation): Promise<void> | undefined {
    this.#refuseWhenFailed();
    if (costOf(message) > this.#options.largestMessage) {
      throw new MessageError(
        `A message of ${message.body.byteLength} bytes exceeds the limit of ${this.#options.largestMessage}; raise memoryMiB on every rank.`,
      );
    }
    const peer = itemAt(this.#peers, to);
    if (peer.gone || peer.left) {
      this.#reportDeparted(peer, operation);
      this.#refuseWhenFailed();
    }
    if (peer.outgoing.link === undefined) this.#connect(peer);
    return peer.outgoing.send(message, operation);
  }

  receive(from: number, operation: Operation): Promise<Message> | Message {
    this.#refuseWhenFailed();
    const peer = itemAt(this.#peers, from);
    const arrived = this.#early === 0 ? undefined : peer.incoming.take(operation);
    if (arrived !== undefined) {
      this.#early--;
      this.#consume(peer, operation.context, arrived);
      return arrived;
    }
    if (peer.gone || peer.left) {
      this.#reportDeparted(peer, operation);
      this.#refuseWhenFailed();
    }
    if (peer.outgoing.link === undefined) this.#connect(peer);
    return peer.incoming.wait(operation);
  }

  waitingOn(operation: Operation): number[] {
    return this.#peers
      .filter(({ incoming, outgoing }) => incoming.holdsUp(operation) || outgoing.holdsUp(operation))
      .map((peer) => peer.rank);
  }

  enquire(path: readonly number[], signal: AbortSignal): Promise<RankStatus | undefined> {
    const target = itemAt(path, path.length - 1);
    // Straight to the target when there is a link; else the way this rank learned of it.
    const route = itemAt(this.#peers, target).outgoing.link === undefined ? path : [target];
    const first = itemAt(this.#peers, itemAt(route, 0));
    if (first.outgoing.link === undefined || signal.aborted) return Promise.resolve(undefined);
    return this.#enquiries.ask(signal, (id) => this.#control(first, frameKinds.enquiry, { id, path: route.slice(1) }));
  }

  notify(notice: FailureNotice): void {
    this.#notice = notice;
    for (const peer of this.#peers) this.#control(peer, frameKinds.failure, notice);
  }

  cancel(operation: Operation, error: unknown): void {
    for (const { incoming, outgoing } of this.#peers) {
      incoming.cancel(operation, error);
      outgoing.cancel(operation, error);
    }
  }

  fail(error: Error): void {
    this.#failure ??= error;
    for (const { rank, incoming, outgoing } of this.#peers) {
      if (this.#closing && !outgoing.isEmpty) this.#undelivered.add(rank);
      incoming.fail(error);
      outgoing.fail(error);
    }
    this.#drained?.();
  }

  async close(deadlineMs: number): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const hadFailed = this.#failure !== undefined;
    const until = performance.now() + deadlineMs;
    // Links that are still being made count too: what waits for them goes out once they stand.
    if (!this.#isDrained) await this.#untilDrained(deadlineMs);
    await this.#sayGoodbye(Math.max(0, until - performance.now()));
    const closed = new CommunicatorClosedError(this.#options.name);
    // Not when the world fails: peers that are still dialling get the notice as soon as their link stands.
    this.#dials.abort(closed);
    this.fail(closed);
    await this.#hangUp();
    // Whoever closes a failed world has had the failure; one that fails now must not hide what is missing.
    if (this.#undelivered.size === 0 || hadFailed) return;
    throw new UndeliveredError(
      [...this.#undelivered].sort((a, b) => a - b),
      deadlineMs,
    );
  }

  /** Closes all links, and notes the ranks that didn't read to the end of what they aren't known to have consumed. */
  async #sayGoodbye(withinMs: number): Promise<void> {
    await Promise.all(
      this.#peers.map(async (peer) => {
        const { link } = peer.outgoing;
        if (link === undefined) return;
        this.#control(peer, frameKinds.goodbye, null);
        peer.outgoing.link = undefined;
        // A peer that has all it was sent, or has gone by its own word, isn't worth waiting for; nor is anybody once the world has failed.
        const needs = peer.flows.outstanding > 0 && !peer.left;
        const isWorthIt = needs && this.#failure === undefined;
        const hasRead = await link.close(isWorthIt ? withinMs : Math.min(withinMs, LINGER_MS));
        // Two that leave at the same time need nothing from each other.
        if (needs && !hasRead && !peer.left) this.#undelivered.add(peer.rank);
      }),
    );
  }

  get #isDrained(): boolean {
    return this.#peers.every(({ outgoing }) => outgoing.isEmpty);
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
    if (peer.outgoing.link !== undefined || peer.dialling || peer.gone || peer.rank === this.#options.rank) return;
    peer.dialling = true;
    const handler: LinkHandler = {
      onFrame: (kind, slot, message, consumed) => this.#onFrame(peer, kind, slot, message, consumed),
      onEnd: (reason, cause) => this.departed(peer.rank, reason, cause),
      landingOf: (kind, slot) => (isData(kind) ? peer.incoming.landingOf(slot) : undefined),
    };
    this.#dial(peer.rank, handler, this.#dials.signal).then(
      (link) => {
        if (this.#dials.signal.aborted || peer.gone) {
          link.write(frameKinds.goodbye, CONTROL, encodeValue(null), 0);
          void link.close(LINGER_MS);
          return;
        }
        peer.outgoing.link = link;
        if (this.#notice !== undefined) this.#control(peer, frameKinds.failure, this.#notice);
        // Of what was read before this end of the link stood.
        for (const slot of [CONTROL, POINT_TO_POINT]) this.#report(peer, slot);
        this.#pump(peer);
      },
      (error: unknown) => {
        if (!this.#dials.signal.aborted) this.departed(peer.rank, (error as Error).message, error);
      },
    );
  }

  /** The peer is out of reach from now on; what it sent before stays readable. */
  departed(rank: number, reason: string, cause?: unknown): void {
    const peer = itemAt(this.#peers, rank);
    if (peer.gone) return;
    peer.gone = true;
    const mayLack = !peer.outgoing.isEmpty || (peer.outgoing.link !== undefined && peer.flows.outstanding > 0);
    peer.outgoing.link = undefined;
    // Who left doesn't want it; who was lost lacks it.
    if (this.#closing && !peer.left && mayLack) this.#undelivered.add(rank);
    if (!peer.left && !this.#closing) {
      this.#events?.lost(rank, reason, cause);
      return;
    }
    this.#checkLeft(peer);
  }

  /** The peer closed its communicator in an orderly way. */
  left(rank: number): void {
    const peer = itemAt(this.#peers, rank);
    peer.left = true;
    this.#checkLeft(peer);
  }

  #checkLeft(peer: Peer): void {
    if (this.#closing) {
      peer.outgoing.fail(new CommunicatorClosedError(this.#options.name));
      if (this.#isDrained) this.#drained?.();
      return;
    }
    const waiting = peer.incoming.first ?? peer.outgoing.first;
    if (waiting !== undefined) this.#reportDeparted(peer, waiting);
  }

  #reportDeparted(peer: Peer, operation: Operation): void {
    this.#events?.lost(peer.rank, `it closed its communicator before taking part in ${describeSlot(operation)}`);
  }

  #refuseWhenFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Sends what waited for the link or for room. */
  #pump(peer: Peer): void {
    peer.outgoing.pump();
    if (this.#drained !== undefined && this.#isDrained) this.#drained();
  }

  #consume(peer: Peer, context: number, message: Message): void {
    peer.flows.of(context).consume(costOf(message));
    this.#report(peer, isPointToPoint(context) ? POINT_TO_POINT : CONTROL);
  }

  #report(peer: Peer, slot: Slot): void {
    const flow = peer.flows.of(slot.context);
    if (flow.owesReport) peer.outgoing.link?.write(frameKinds.credit, slot, EMPTY, flow.report());
  }

  #control(peer: Peer, kind: number, body: unknown): void {
    peer.outgoing.link?.write(kind, CONTROL, encodeValue(body), peer.flows.of(CONTROL.context).report());
  }

  #onFrame(peer: Peer, kind: number, slot: Slot, message: Message, consumed: number): void {
    const flow = peer.flows.of(slot.context);
    flow.onReport(consumed);
    if (isData(kind)) {
      flow.receive(costOf(message), kind === frameKinds.askingData);
      this.#onData(peer, slot, message);
    }
    if (!peer.outgoing.isEmpty) this.#pump(peer);
    switch (kind) {
      case frameKinds.failure:
        this.#events?.failed(parseBody(noticeSchema, message, peer));
        break;
      case frameKinds.enquiry:
        void this.#onEnquiry(peer, parseBody(enquirySchema, message, peer));
        break;
      case frameKinds.answer: {
        const { id, status } = parseBody(answerSchema, message, peer);
        this.#enquiries.answer(id, status);
        break;
      }
      case frameKinds.goodbye:
        this.left(peer.rank);
        break;
    }
  }

  #onData(peer: Peer, slot: Slot, message: Message): void {
    if (peer.incoming.put(slot, message)) {
      this.#consume(peer, slot.context, message);
      return;
    }
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
    for (const { rank, incoming } of this.#peers) for (const slot of incoming.slots()) yield { from: rank, slot };
  }
}

function isData(kind: number): boolean {
  return kind === frameKinds.data || kind === frameKinds.askingData;
}

function parseBody<Schema extends z.ZodType>(schema: Schema, message: Message, peer: Peer): z.output<Schema> {
  return parseJsonAs(schema, Buffer.from(message.body).toString(), `control message of rank ${peer.rank}`);
}
