import { setTimeout as pause } from 'node:timers/promises';
import { itemAt, parseJsonAs } from '@cosmicai/payload';
import { ChannelUnavailableError, CommunicatorClosedError, OperationMismatchError } from '../errors.ts';
import type { Operation, Slot } from '../operation.ts';
import { afterOwnTime } from '../own-time.ts';
import type { Message } from '../value.ts';
import type { Board } from './board.ts';
import type { Channel, ChannelEvents, ChannelKind, FailureNotice, RankStatus } from './channel.ts';
import { frameKinds, FrameReader, writeFrame } from './frame.ts';
import { beatSchema, noticeSchema } from './notices.ts';

export interface BoardChannelOptions {
  readonly kind: ChannelKind;
  readonly rank: number;
  readonly worldSize: number;
  readonly name: string;
  readonly memoryBytes: number;
}

interface Waiting {
  readonly key: string;
  readonly from: number;
  readonly operation: Operation;
  readonly since: number;
  readonly reject: (error: Error) => void;
  /** Answered, failed or given up: no more looks at the board. */
  over: boolean;
  /** Ends the current pause between two looks. */
  wake: () => void;
}

interface Published {
  readonly context: number;
  readonly sequence: number;
  readonly key: string;
}

/** A rank shows signs of life once it has waited this many beats: quick operations cost no extra requests. */
const BEATS_UNTIL_SLOW = 2;
/** A rank whose sign of life hasn't changed for so many beats is silent. */
const SILENT_BEATS = 2.5;
/** How long rank 0 waits for the good-byes after which nobody reads the folder any more. */
const CLEAN_UP_MS = 5000;
/** Enquiries go from rank to rank; this many fit before the deadline. */
const ENQUIRY_HOPS = 3;

/**
 * Messages over a board. Below the communicator's folder: `m/<context>/<sequence>/<from>-<to>/<n>` for one reader, who removes it;
 * `…/all/<n>` for all, removed by its writer when everybody must have read it; `status/<rank>` for signs of life of slow ranks;
 * `failure` for what ended the world, written once; `bye/<rank>` at the end, after which rank 0 removes the folder.
 */
export class BoardChannel implements Channel {
  readonly kind: ChannelKind;
  readonly layout = 'board';
  readonly enquiryMs: number;
  readonly #options: BoardChannelOptions;
  readonly #board: Board;
  readonly #folder: string;
  readonly #now: () => number;
  #events: ChannelEvents | undefined;
  #failure: Error | undefined;
  #notice: FailureNotice | undefined;
  #closing = false;
  readonly #waiting = new Set<Waiting>();
  readonly #posts = new Set<Promise<unknown>>();
  readonly #counts = new WeakMap<Operation, Map<string, number>>();
  #published: Published[] = [];
  #watching = false;
  #beat = 0;
  #showsLife = false;

  /** @param folder everything this channel writes lies below it, e.g. `fmi/<name>` */
  constructor(options: BoardChannelOptions, board: Board, folder: string, now: () => number) {
    this.kind = options.kind;
    this.#options = options;
    this.#board = board;
    this.#folder = folder;
    this.#now = now;
    this.enquiryMs = ENQUIRY_HOPS * SILENT_BEATS * board.beatMs;
  }

  attach(events: ChannelEvents): void {
    this.#events = events;
    this.#board.watch?.(this.#options.rank, (key) => {
      for (const waiting of this.#waiting) if (waiting.key === key) waiting.wake();
    });
  }

  // Nothing to connect to, and messages that nobody waits for stay on the board.
  expect(): void {
    return;
  }

  early(): [] {
    return [];
  }

  send(to: number, message: Message, operation: Operation): Promise<void> {
    return this.#post(`${this.#options.rank}-${to}`, message, operation, to).then(() => undefined);
  }

  async publish(message: Message, operation: Operation): Promise<void> {
    const key = this.#nextKey('all', operation);
    const bytes = writeFrame(frameKinds.data, operation, message, 0);
    this.#published.push({ context: operation.context, sequence: operation.sequence, key });
    // If-absent: two ranks that both take themselves for the root would never look at each other's message.
    if (await this.#track(this.#board.putIfAbsent(key, bytes))) return;
    const other = await this.#board.get(key);
    if (other !== undefined) this.#open(other, key, undefined, operation);
    throw new OperationMismatchError([this.#options.rank], `Another rank has published a message at ${key} already`);
  }

  async receive(from: number, operation: Operation): Promise<Message> {
    const key = this.#nextKey(`${from}-${this.#options.rank}`, operation);
    const message = await this.#take(key, from, operation);
    void this.#track(this.#board.remove(key));
    return message;
  }

  receivePublished(from: number, operation: Operation): Promise<Message> {
    return this.#take(this.#nextKey('all', operation), from, operation);
  }

  settled(context: number, sequence: number): void {
    const old = this.#published.filter((one) => one.context === context && one.sequence < sequence);
    if (old.length === 0) return;
    this.#published = this.#published.filter((one) => !old.includes(one));
    for (const { key } of old) void this.#track(this.#board.remove(key));
  }

  waitingOn(operation: Operation): number[] {
    return [...new Set([...this.#waiting].filter((one) => one.operation === operation).map((one) => one.from))];
  }

  async enquire(path: readonly number[], signal: AbortSignal): Promise<RankStatus | undefined> {
    const key = `${this.#folder}/status/${itemAt(path, path.length - 1)}`;
    await this.#lookForFailure();
    const first = await this.#readBeat(key);
    await ownTime(SILENT_BEATS * this.#board.beatMs, signal);
    const second = await this.#readBeat(key);
    if (second === undefined) return undefined;
    const silent = second.beat === first?.beat && second.status.active.length > 0;
    return silent ? undefined : second.status;
  }

  notify(notice: FailureNotice): void {
    this.#notice = notice;
    void this.#track(this.#board.putIfAbsent(`${this.#folder}/failure`, jsonBytes(notice)));
  }

  cancel(operation: Operation, error: unknown): void {
    for (const waiting of this.#waiting) if (waiting.operation === operation) waiting.reject(error as Error);
  }

  fail(error: Error): void {
    this.#failure ??= error;
    for (const waiting of this.#waiting) waiting.reject(error);
  }

  async close(deadlineMs: number): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.fail(new CommunicatorClosedError(this.#options.name));
    try {
      await Promise.allSettled(this.#posts);
      await this.#board.put(`${this.#folder}/bye/${this.#options.rank}`, jsonBytes(null), 0);
      if (this.#options.rank === 0) await this.#cleanUp(Math.min(deadlineMs, CLEAN_UP_MS));
    } finally {
      await this.#board.close();
    }
  }

  /** When all the others have said good-bye, nobody reads any more. If somebody doesn't, the folder stays: it may still be needed. */
  async #cleanUp(deadlineMs: number): Promise<void> {
    const lost = this.#notice?.kind === 'lost' ? this.#notice.ranks : [];
    const end = this.#now() + deadlineMs;
    let missing = Array.from({ length: this.#options.worldSize }, (_, rank) => rank).filter(
      (rank) => rank !== 0 && !lost.includes(rank),
    );
    for (let ms = this.#board.pollMs.first; ; ms = Math.min(ms * 2, this.#board.pollMs.last)) {
      const byes = await Promise.all(missing.map((rank) => this.#board.get(`${this.#folder}/bye/${rank}`)));
      missing = missing.filter((_, i) => byes[i] === undefined);
      if (missing.length === 0) break;
      if (this.#now() >= end) return;
      await pause(ms);
    }
    await this.#board.removeFolder(this.#folder);
  }

  #nextKey(route: string, slot: Operation): string {
    let counts = this.#counts.get(slot);
    if (counts === undefined) this.#counts.set(slot, (counts = new Map<string, number>()));
    const count = counts.get(route) ?? 0;
    counts.set(route, count + 1);
    return `${this.#folder}/m/${slot.context}/${slot.sequence}/${route}/${count}`;
  }

  async #post(route: string, message: Message, operation: Operation, to: number | undefined): Promise<string> {
    if (this.#failure !== undefined) throw this.#failure;
    const key = this.#nextKey(route, operation);
    await this.#track(this.#board.put(key, writeFrame(frameKinds.data, operation, message, 0), to));
    return key;
  }

  #take(key: string, from: number, operation: Operation): Promise<Message> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        key,
        from,
        operation,
        since: this.#now(),
        over: false,
        wake: () => undefined,
        reject: (error) => {
          this.#end(waiting);
          reject(error);
        },
      };
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      this.#waiting.add(waiting);
      if (!this.#watching) void this.#watch();
      this.#look(waiting).then(
        (message) => {
          this.#end(waiting);
          if (message !== undefined) resolve(message);
        },
        (error: unknown) => waiting.reject(error as Error),
      );
    });
  }

  #end(waiting: Waiting): void {
    waiting.over = true;
    this.#waiting.delete(waiting);
    waiting.wake();
  }

  async #look(waiting: Waiting): Promise<Message | undefined> {
    const { first, last } = this.#board.pollMs;
    let woken = false;
    let endPause = (): void => undefined;
    // A wake-up during the request counts too: what it announces may have come just after the board looked.
    waiting.wake = () => {
      woken = true;
      endPause();
    };
    const pauseUnlessWoken = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, woken ? 0 : ms);
        woken = false;
        endPause = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    for (let ms = first; !waiting.over; ms = Math.min(ms * 1.5, last)) {
      const bytes = await this.#board.get(waiting.key);
      if (bytes !== undefined) return this.#open(bytes, waiting.key, waiting.from, waiting.operation);
      await pauseUnlessWoken(ms);
    }
    return undefined;
  }

  /** @param from undefined when it isn't known who wrote this */
  #open(bytes: Buffer, key: string, from: number | undefined, operation: Operation): Message {
    const opened = unframed(bytes, key, this.#options.memoryBytes);
    if (opened === undefined)
      throw new ChannelUnavailableError(`${key} holds ${bytes.length} bytes, which is less than one message.`);
    if (opened.slot.signature !== operation.signature)
      this.#events?.unexpected(from ?? (opened.slot.signature >>> 8) & 0xffff, opened.slot);
    if (this.#failure !== undefined) throw this.#failure;
    return opened.message;
  }

  /** While something is waited for: shows signs of life once it is slow, and looks for a failure that others report. */
  async #watch(): Promise<void> {
    this.#watching = true;
    try {
      while (this.#waiting.size > 0 && !this.#closing) {
        await pause(this.#board.beatMs);
        const oldest = Math.min(...[...this.#waiting].map((one) => one.since));
        if (this.#now() - oldest < BEATS_UNTIL_SLOW * this.#board.beatMs) continue;
        await this.#showLife();
        await this.#lookForFailure();
      }
      if (this.#showsLife && !this.#closing) await this.#showLife();
    } catch (error) {
      this.fail(error as Error);
    } finally {
      this.#watching = false;
    }
  }

  async #showLife(): Promise<void> {
    const status = this.#events?.status() ?? { active: [] };
    this.#showsLife = status.active.length > 0;
    this.#beat++;
    if (this.#closing) return;
    const sign = jsonBytes({ beat: this.#beat, status });
    await this.#track(this.#board.put(`${this.#folder}/status/${this.#options.rank}`, sign, undefined));
  }

  async #readBeat(key: string): Promise<{ beat: number; status: RankStatus } | undefined> {
    const bytes = await this.#board.get(key);
    return bytes === undefined ? undefined : parseJsonAs(beatSchema, bytes.toString(), key);
  }

  async #lookForFailure(): Promise<void> {
    const key = `${this.#folder}/failure`;
    const bytes = await this.#board.get(key);
    if (bytes === undefined) return;
    const notice = parseJsonAs(noticeSchema, bytes.toString(), key);
    this.#notice ??= notice;
    this.#events?.failed(notice);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#posts.add(work);
    // Whoever needs the result awaits the work itself; a failed removal leaves an object that the folder's removal takes along.
    work.then(
      () => this.#posts.delete(work),
      () => this.#posts.delete(work),
    );
    return work;
  }
}

function unframed(bytes: Buffer, key: string, largest: number): { slot: Slot; message: Message } | undefined {
  const frames: { slot: Slot; message: Message }[] = [];
  new FrameReader(
    { onFrame: (_kind, slot, message) => frames.push({ slot, message }) },
    `The writer of ${key}`,
    largest,
  ).push(bytes);
  return frames[0];
}

function jsonBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Of own time: whoever is silent meanwhile was silent for all of it. */
function ownTime(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      callOff();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const callOff = afterOwnTime(ms, end);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
  });
}
