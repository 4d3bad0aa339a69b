import type { Socket } from 'node:net';
import { CommunicatorClosedError, MessageError, PeerLostError } from '../errors.ts';
import { checkRank } from '../operation.ts';
import { isUnordered, toReduction, type ReductionLike } from '../reduction.ts';
import { bytesOf, cloneArray, type TypedArray } from '../value.ts';
import {
  allreduce,
  barrier,
  bcast,
  gather,
  reduce,
  scan,
  scatter,
  type RawReduction,
  type Wire,
} from './algorithms.ts';
import { ByteStream } from './byte-stream.ts';

/** Meets the peer that sends the same pairing name; the socket is ready to use. Time in ms since the epoch. */
export type MeetByName = (pairingName: string, options: { signal: AbortSignal; deadline: number }) => Promise<Socket>;

export interface TcpunchOptions {
  /** The communicator's name, as the C++ peers are given it. Mind that names are put together with ranks without a separator. */
  readonly name: string;
  readonly meet: MeetByName;
  /** Time that an operation may take. Default: 30,000 ms. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export interface TcpunchOperationOptions {
  readonly deadlineMs?: number;
  /** Ends the communicator: without frames, a stream that was left in the middle can't be used again. */
  readonly signal?: AbortSignal;
}

const DEFAULT_DEADLINE_MS = 30_000;

/**
 * Speaks as C++ FMI's direct channel does: same pairing names, unframed bytes, algorithms and order of folding, so ranks of both kinds
 * make one world. All ranks must pass arrays of the same type and length. Nothing on the wire tells one operation from another, so ranks
 * out of step can't be noticed; a rank that is lost is noticed only by those that talk to it.
 */
export class TcpunchCommunicator {
  readonly rank: number;
  readonly worldSize: number;
  readonly name: string;
  readonly #meet: MeetByName;
  readonly #deadlineMs: number;
  readonly #streams = new Map<number, ByteStream>();
  readonly #end = new AbortController();
  readonly #signal: AbortSignal | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #talkingTo: number | undefined;

  constructor(rank: number, worldSize: number, options: TcpunchOptions) {
    checkRank(rank, worldSize, 'This process’s rank');
    this.rank = rank;
    this.worldSize = worldSize;
    this.name = options.name;
    this.#meet = options.meet;
    this.#deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
    this.#signal = options.signal;
    if (options.signal?.aborted === true) this.#abort();
    options.signal?.addEventListener('abort', this.#abort, { once: true });
  }

  async send(value: TypedArray, to: number, options: TcpunchOperationOptions = {}): Promise<void> {
    this.#checkOther(to);
    const bytes = bytesOf(cloneArray(value));
    await this.#run(options, (w) => w.send(to, bytes));
  }

  /** @param like an array of the type and length that is expected; it isn't changed */
  async recv<T extends TypedArray>(like: T, from: number, options: TcpunchOperationOptions = {}): Promise<T> {
    this.#checkOther(from);
    return this.#run(options, async (w) => as(like, await w.receive(from, like.byteLength)));
  }

  /** @param value elsewhere than on the root only its type and length count */
  async bcast<T extends TypedArray>(value: T, root = 0, options: TcpunchOperationOptions = {}): Promise<T> {
    checkRank(root, this.worldSize, 'The root');
    return this.#run(options, async (w) => as(value, await bcast(w, bytesOf(value), root)));
  }

  async barrier(options: TcpunchOperationOptions = {}): Promise<void> {
    await this.#run(options, barrier);
  }

  /** One array of all ranks' elements by rank on the root; undefined elsewhere. */
  async gather<T extends TypedArray>(
    value: T,
    root = 0,
    options: TcpunchOperationOptions = {},
  ): Promise<T | undefined> {
    checkRank(root, this.worldSize, 'The root');
    return this.#run(options, async (w) => {
      const all = await gather(w, bytesOf(value), root);
      return all === undefined ? undefined : as(value, all);
    });
  }

  /**
   * @param values on the root an array of `worldSize` times the share's length; undefined elsewhere
   * @param share an array of the type and length of one share
   */
  async scatter<T extends TypedArray>(
    values: T | undefined,
    share: T,
    root = 0,
    options: TcpunchOperationOptions = {},
  ): Promise<T> {
    checkRank(root, this.worldSize, 'The root');
    if (this.rank === root && values?.length !== share.length * this.worldSize) {
      throw new MessageError(
        `The root scatters ${values?.length ?? 'no'} elements; expected ${share.length} for each of ${this.worldSize} ranks.`,
      );
    }
    return this.#run(options, async (w) =>
      as(share, await scatter(w, values === undefined ? undefined : bytesOf(values), share.byteLength, root)),
    );
  }

  async reduce<T extends TypedArray>(
    value: T,
    f: ReductionLike<NoInfer<T>>,
    root = 0,
    options: TcpunchOperationOptions = {},
  ): Promise<T | undefined> {
    checkRank(root, this.worldSize, 'The root');
    return this.#run(options, async (w) => {
      const result = await reduce(w, bytesOf(value), raw(value, f), root);
      return result === undefined ? undefined : as(value, result);
    });
  }

  async allreduce<T extends TypedArray>(
    value: T,
    f: ReductionLike<NoInfer<T>>,
    options: TcpunchOperationOptions = {},
  ): Promise<T> {
    return this.#run(options, async (w) => as(value, await allreduce(w, bytesOf(value), raw(value, f))));
  }

  /** Inclusive: the values of ranks 0 to this one combined. */
  async scan<T extends TypedArray>(
    value: T,
    f: ReductionLike<NoInfer<T>>,
    options: TcpunchOperationOptions = {},
  ): Promise<T> {
    return this.#run(options, async (w) => as(value, await scan(w, bytesOf(value), raw(value, f))));
  }

  /** Flushes and closes the connections; C++ peers take that for the end of the world. */
  async close(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#end.abort(new CommunicatorClosedError(this.name));
    for (const stream of this.#streams.values()) stream.end();
    return Promise.resolve();
  }

  readonly #abort = (): void => this.#fail(this.#signal?.reason as Error);

  #checkOther(rank: number): void {
    checkRank(rank, this.worldSize, 'The other rank');
    if (rank === this.rank) throw new MessageError(`Rank ${rank} can't exchange messages with itself.`);
  }

  /** One operation after the other, in the order of the calls. */
  async #run<R>(options: TcpunchOperationOptions, operation: (wire: Wire) => Promise<R>): Promise<R> {
    const before = this.#last;
    const running = (async () => {
      await before.catch(() => undefined);
      this.#end.signal.throwIfAborted();
      options.signal?.throwIfAborted();
      const deadlineMs = options.deadlineMs ?? this.#deadlineMs;
      const timer = setTimeout(() => this.#onOverdue(deadlineMs), deadlineMs);
      const onAbort = (): void => this.#fail(options.signal?.reason as Error);
      options.signal?.addEventListener('abort', onAbort);
      try {
        return await operation(this.#wire(Date.now() + deadlineMs));
      } catch (error) {
        this.#fail(error as Error);
        throw this.#end.signal.reason;
      } finally {
        clearTimeout(timer);
        options.signal?.removeEventListener('abort', onAbort);
      }
    })();
    this.#last = running;
    return running;
  }

  #wire(deadline: number): Wire {
    return {
      rank: this.rank,
      size: this.worldSize,
      send: async (to, bytes) => (await this.#stream(to, `${this.rank}_${to}`, deadline)).write(bytes),
      receive: async (from, length) => (await this.#stream(from, `${from}_${this.rank}`, deadline)).read(length),
    };
  }

  /** @param route sender and receiver of the first message between the two: it names the pair for good */
  async #stream(peer: number, route: string, deadline: number): Promise<ByteStream> {
    this.#talkingTo = peer;
    let stream = this.#streams.get(peer);
    if (stream === undefined) {
      const socket = await this.#meet(`${this.name}${route}`, { signal: this.#end.signal, deadline });
      socket.setNoDelay(true);
      stream = new ByteStream(socket, (reason) => new PeerLostError(peer, reason));
      this.#streams.set(peer, stream);
    }
    return stream;
  }

  #onOverdue(deadlineMs: number): void {
    const peer = this.#talkingTo;
    const reason = `nothing came from it, or was taken by it, within ${deadlineMs} ms`;
    this.#fail(
      peer === undefined
        ? new MessageError(`The operation took more than ${deadlineMs} ms.`)
        : new PeerLostError(peer, reason),
    );
  }

  #fail(error: Error): void {
    if (this.#end.signal.aborted) return;
    this.#end.abort(error);
    for (const stream of this.#streams.values()) stream.fail(error);
  }
}

function raw<T extends TypedArray>(like: T, f: ReductionLike<T>): RawReduction {
  const by = toReduction(f);
  return { ordered: !isUnordered(by), combine: (a, b) => bytesOf(by.combine(as(like, a), as(like, b))) };
}

/** The bytes as an array of its own of the same type. */
function as<T extends TypedArray>(like: T, bytes: Uint8Array): T {
  const own = new Uint8Array(bytes).buffer;
  if (Buffer.isBuffer(like)) return Buffer.from(own) as unknown as T;
  const type = like.constructor as new (buffer: ArrayBuffer) => T;
  return new type(own);
}
