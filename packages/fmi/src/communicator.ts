import { performance } from 'node:perf_hooks';
import { crc32 } from 'node:zlib';
import { itemAt } from '@cosmicai/payload';
import type { Channel, ChannelKind, LinkReport } from './channels/channel.ts';
import { Exchange } from './collectives/exchange.ts';
import { allreduce, allreducesAtStar, reduce, scan } from './collectives/fold.ts';
import { allgather, barrier, bcast, gather, scatter } from './collectives/move.ts';
import { concatenate, sharesOf, type Gathered } from './collectives/parts.ts';
import { partnersOf } from './collectives/partners.ts';
import { ChannelUnavailableError, CommunicatorClosedError, MessageError, OperationMismatchError } from './errors.ts';
import {
  checkDeadline,
  checkRank,
  describeSlot,
  LARGEST_WORLD,
  signatureOf,
  type Operation,
  type OperationKind,
} from './operation.ts';
import { Landing } from './landing.ts';
import { Lane } from './lane.ts';
import type { CommunicatorOptions, OperationOptions, ReceiveOptions, ScanOptions } from './options.ts';
import { chooseChannel, type Hint } from './policy/policy.ts';
import { isUnordered, toReduction, type ReductionLike } from './reduction.ts';
import { copyValue, decodeValue, encodeValue, ownMessage, type TypedArray } from './value.ts';
import { World } from './world/world.ts';

/** Everything that a communicator and those split from it have in common. */
interface Shared {
  readonly world: World;
  readonly hint: Hint;
  readonly memoryMiB: number;
  readonly deadlineMs: number;
}

const MIB = 1024 * 1024;
const DEFAULT_MEMORY_MIB = 1024;
const DEFAULT_DEADLINE_MS = 30_000;
const DEFAULT_BYTES = 1024;

/** One-time conversation between ranks that belong together, like MPI's. See README.md for the meaning of each operation. */
export class Communicator {
  readonly rank: number;
  readonly worldSize: number;
  readonly name: string;
  readonly #shared: Shared;
  readonly #isRoot: boolean;
  /** World rank of each rank of this communicator. */
  readonly #members: readonly number[];
  readonly #context: number;
  #sequence = 0;
  #closing: Promise<void> | undefined;
  #busy = false;
  readonly #turns: (() => void)[] = [];
  readonly #sent = new Lane();
  readonly #received = new Lane();
  #expecting = false;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;

  constructor(rank: number, worldSize: number, options: CommunicatorOptions | SplitOptions) {
    this.rank = rank;
    this.worldSize = worldSize;
    this.name = options.name;
    // Even: the odd number after it is for point-to-point messages.
    this.#context = (crc32(options.name) & ~1) >>> 0;
    this.#isRoot = !('shared' in options);
    if ('shared' in options) {
      this.#shared = options.shared;
      this.#members = options.members;
    } else {
      if (!Number.isInteger(worldSize) || worldSize < 1 || worldSize > LARGEST_WORLD) {
        throw new MessageError(`World size is ${worldSize}; allowed: 1 to ${LARGEST_WORLD}.`);
      }
      checkRank(rank, worldSize, 'This process’s rank');
      if (options.channels.length === 0)
        throw new ChannelUnavailableError('A communicator needs at least one channel.');
      const memoryMiB = options.memoryMiB ?? DEFAULT_MEMORY_MIB;
      const setting = { rank, worldSize, name: options.name, memoryBytes: memoryMiB * MIB };
      this.#shared = {
        world: new World(
          rank,
          worldSize,
          options.channels.map((make) => make(setting)),
        ),
        hint: options.hint ?? 'fast',
        memoryMiB,
        deadlineMs: checkDeadline(options.deadlineMs ?? DEFAULT_DEADLINE_MS),
      };
      this.#members = Array.from({ length: worldSize }, (_, member) => member);
    }
    const signal = 'shared' in options ? undefined : options.signal;
    this.#signal = signal;
    this.#onAbort = () => this.#shared.world.abandon(reasonOf(signal), 'its run was aborted');
    if (this.#signal?.aborted === true) this.#onAbort();
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Kinds of the channels of this communicator. */
  get channelKinds(): readonly ChannelKind[] {
    return this.#shared.world.channels.map((channel) => channel.kind);
  }

  /**
   * The links made so far, in the order of ranks: how each of them runs. Ranks link when they first need each other, so there are
   * more after an operation than before it; channels without links, such as a store, have none.
   */
  get links(): readonly LinkReport[] {
    const { channels } = this.#shared.world;
    return this.#members.flatMap((member, peer) =>
      channels.flatMap((channel) => {
        const link = channel.links?.get(member);
        return link === undefined ? [] : [{ ...link, peer }];
      }),
    );
  }

  /** Resolves once the message is in the bounded outgoing buffer; the value may be changed from then on. */
  async send(value: unknown, to: number, options: OperationOptions = {}): Promise<void> {
    checkRank(to, this.worldSize, 'The rank to send to');
    if (to === this.rank) throw new MessageError(`Rank ${to} sends to itself; keep the value instead.`);
    const message = ownMessage(encodeValue(value));
    const member = itemAt(this.#members, to);
    await this.#sent.take(member, (sequence) =>
      this.#pointToPoint(sequence, options, (channel, operation) => channel.send(member, message, operation)),
    );
  }

  /** The next message of that rank, in the order of its sends. */
  async recv<T>(from: number, options: ReceiveOptions = {}): Promise<T> {
    checkRank(from, this.worldSize, 'The rank to receive from');
    if (from === this.rank) throw new MessageError(`Rank ${from} receives from itself; keep the value instead.`);
    const member = itemAt(this.#members, from);
    let landing: Landing | undefined;
    const message = await this.#received.take(member, (sequence) =>
      this.#pointToPoint(sequence, options, (channel, operation) => {
        landing = operation.landing;
        return channel.receive(member, operation);
      }),
    );
    landing?.take(message);
    return (options.into ?? decodeValue(message)) as T;
  }

  /** The root's value on every rank; on the root the very same value. What other ranks pass is not looked at. */
  async bcast<T>(value: T | undefined, root = 0, options: ReceiveOptions = {}): Promise<T> {
    checkRank(root, this.worldSize, 'The root');
    return this.#collective('bcast', root, 0, options, async (x) => {
      const message = await bcast(x, x.rank === root ? encodeValue(value) : undefined, root);
      if (x.rank === root) return value as T;
      return (options.into ?? decodeValue(message)) as T;
    });
  }

  /** Resolves when all ranks have called it. */
  async barrier(options: OperationOptions = {}): Promise<void> {
    return this.#collective('barrier', 0, 0, options, barrier);
  }

  /** All values by rank on the root, undefined elsewhere. They may differ in type and size. */
  async gather<T>(value: T, root = 0, options: OperationOptions = {}): Promise<T[] | undefined> {
    checkRank(root, this.worldSize, 'The root');
    return this.#collective('gather', root, 0, options, async (x) => {
      const all = await gather(x, encodeValue(value), root);
      return all?.map((message) => decodeValue(ownMessage(message)) as T);
    });
  }

  /** Typed arrays of one type and any lengths, put together by rank on the root; undefined elsewhere. */
  async gatherv<T extends TypedArray>(
    value: T,
    root = 0,
    options: OperationOptions = {},
  ): Promise<Gathered<T> | undefined> {
    checkRank(root, this.worldSize, 'The root');
    return this.#collective('gather', root, 1, options, async (x) => {
      const all = await gather(x, encodeValue(value), root);
      return all === undefined ? undefined : concatenate(all.map((message) => decodeValue(message) as T));
    });
  }

  /** To each rank its value of the root's list, or its equal share of the root's typed array. */
  async scatter<T>(
    values: readonly T[] | TypedArray | undefined,
    root = 0,
    options: OperationOptions = {},
  ): Promise<T> {
    checkRank(root, this.worldSize, 'The root');
    const shares = this.rank === root ? sharesOf(values, this.worldSize) : undefined;
    return this.#collective(
      'scatter',
      root,
      0,
      options,
      async (x) => decodeValue(ownMessage(await scatter(x, shares?.map(encodeValue), root))) as T,
    );
  }

  /** All values combined on the root, undefined elsewhere. Strictly left to right by rank unless `f` is associative and commutative. */
  async reduce<T>(
    value: T,
    f: ReductionLike<NoInfer<T>>,
    root = 0,
    options: OperationOptions = {},
  ): Promise<T | undefined> {
    checkRank(root, this.worldSize, 'The root');
    const by = toReduction(f);
    return this.#collective('reduce', root, variantOf(by), options, async (x) =>
      apart(await reduce(x, value, by, root), value),
    );
  }

  /** All values combined, on every rank; the same bits everywhere. */
  async allreduce<T>(value: T, f: ReductionLike<NoInfer<T>>, options: OperationOptions = {}): Promise<T> {
    const by = toReduction(f);
    const variant = variantOf(by) + (allreducesAtStar(value, this.worldSize) ? 2 : 0);
    return this.#collective('allreduce', 0, variant, options, async (x) => apart(await allreduce(x, value, by), value));
  }

  /** All values by rank, on every rank. */
  async allgather<T>(value: T, options: OperationOptions = {}): Promise<T[]> {
    return this.#collective('allgather', 0, 0, options, (x) => valuesOfAll<T>(x, value));
  }

  /** The values of ranks 0 to this one combined. Exclusive: without this one, so rank 0 gets undefined. */
  async scan<T>(
    value: T,
    f: ReductionLike<NoInfer<T>>,
    options: ScanOptions & { inclusive: false },
  ): Promise<T | undefined>;
  async scan<T>(value: T, f: ReductionLike<NoInfer<T>>, options?: ScanOptions): Promise<T>;
  async scan<T>(value: T, f: ReductionLike<NoInfer<T>>, options: ScanOptions = {}): Promise<T | undefined> {
    const by = toReduction(f);
    const inclusive = options.inclusive ?? true;
    return this.#collective('scan', 0, variantOf(by) + (inclusive ? 0 : 2), options, async (x) =>
      apart(await scan(x, value, by, inclusive), value),
    );
  }

  /**
   * A communicator of the ranks that gave the same color, ordered by key and then by rank; undefined for ranks without a color.
   * It shares this one's channels, and its end when a rank is lost.
   */
  async split(
    color: number | undefined,
    key: number = this.rank,
    options: OperationOptions = {},
  ): Promise<Communicator | undefined> {
    const sequence = this.#sequence;
    const all = await this.#collective('split', 0, 0, options, (x) =>
      valuesOfAll<[number | null, number]>(x, [color ?? null, key]),
    );
    if (color === undefined) return undefined;
    const chosen = all
      .map(([theirColor, theirKey], rank) => ({ color: theirColor, key: theirKey, rank }))
      .filter((member) => member.color === color)
      .sort((a, b) => a.key - b.key || a.rank - b.rank)
      .map((member) => member.rank);
    return new Communicator(chosen.indexOf(this.rank), chosen.length, {
      name: `${this.name}/${sequence}.${color}`,
      shared: this.#shared,
      members: chosen.map((rank) => itemAt(this.#members, rank)),
    });
  }

  /**
   * Hands over what was sent, says good-bye and closes the channels; of a split communicator, only itself. Resolves when every rank has
   * taken into its process what this one sent to it; called again, it gives the same answer.
   *
   * @param options deadlineMs: how long that may take; default: the communicator's
   * @throws UndeliveredError naming the ranks that hadn't taken everything by then, the signal's reason when that cuts closing short;
   *   neither after the world has failed
   */
  async close(options: Pick<OperationOptions, 'deadlineMs'> = {}): Promise<void> {
    const deadlineMs = checkDeadline(options.deadlineMs ?? this.#shared.deadlineMs);
    this.#closing ??= this.#close(deadlineMs);
    await this.#closing;
  }

  async #close(deadlineMs: number): Promise<void> {
    if (!this.#isRoot) return;
    try {
      await this.#shared.world.close(deadlineMs);
    } catch (error) {
      this.#signal?.throwIfAborted();
      throw error;
    } finally {
      this.#signal?.removeEventListener('abort', this.#onAbort);
    }
  }

  /** Of one that its owner has closed already, says nothing again. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing === undefined) await this.close();
    else await this.#closing.catch(() => undefined);
  }

  // Collectives of one communicator run one after the other, in the order of the calls.
  async #collective<R>(
    kind: OperationKind,
    root: number,
    variant: number,
    options: OperationOptions,
    run: (x: Exchange) => Promise<R>,
  ): Promise<R> {
    if (this.#closing !== undefined) throw new CommunicatorClosedError(this.name);
    const { world } = this.#shared;
    const channel = this.#channelFor(kind, options);
    const sequence = this.#sequence++;
    if (this.#busy) await new Promise<void>((resolve) => this.#turns.push(resolve));
    this.#busy = true;
    const signature = signatureOf(kind, root, variant);
    const operation = this.#operation(this.#context, sequence, signature, options);
    const onAbort = (): void =>
      world.abandon(reasonOf(options.signal), `its caller gave up ${describeSlot(operation)}`);
    try {
      options.signal?.throwIfAborted();
      options.signal?.addEventListener('abort', onAbort);
      world.begin(operation, channel);
      world.enter(operation);
      world.throwIfFailed();
      if (!this.#expecting) this.#expectPartners();
      const x = new Exchange(channel, operation, this.rank, this.#members);
      const result = await run(x);
      const flushed = x.flushed();
      if (flushed !== undefined) await flushed;
      if (settling.has(kind)) channel.settled?.(this.#context, sequence);
      return result;
    } catch (error) {
      world.abandon(
        error as Error,
        `${describeSlot(operation)} failed on it: ${(error as Error).message}`,
        error instanceof OperationMismatchError,
      );
      throw world.failure ?? error;
    } finally {
      options.signal?.removeEventListener('abort', onAbort);
      world.end(operation);
      const next = this.#turns.shift();
      if (next === undefined) this.#busy = false;
      else next();
    }
  }

  async #pointToPoint<R>(
    sequence: number,
    options: OperationOptions,
    run: (channel: Channel, operation: Operation) => Promise<R> | R,
  ): Promise<R> {
    if (this.#closing !== undefined) throw new CommunicatorClosedError(this.name);
    const { world } = this.#shared;
    world.throwIfFailed();
    options.signal?.throwIfAborted();
    const channel = this.#channelFor('send', options);
    const operation = this.#operation(this.#context | 1, sequence, signatureOf('send'), options);
    const onAbort = (): void => channel.cancel(operation, options.signal?.reason);
    options.signal?.addEventListener('abort', onAbort);
    world.begin(operation, channel);
    if (!this.#expecting) this.#expectPartners();
    try {
      return await run(channel, operation);
    } finally {
      options.signal?.removeEventListener('abort', onAbort);
      world.end(operation);
    }
  }

  /**
   * Connects with every rank that collectives will need, at the first operation of any kind. Beside saving time later, that lets a rank
   * be asked what it waits for wherever it is in its program.
   */
  #expectPartners(): void {
    this.#expecting = true;
    const partners = partnersOf(this.rank, this.worldSize).map((rank) => itemAt(this.#members, rank));
    for (const channel of this.#shared.world.channels) channel.expect(partners);
  }

  #operation(context: number, sequence: number, signature: number, options: ReceiveOptions): Operation {
    const deadlineMs = checkDeadline(options.deadlineMs ?? this.#shared.deadlineMs);
    const landing = options.into === undefined ? undefined : new Landing(options.into);
    return {
      context: context >>> 0,
      sequence,
      signature,
      deadlineMs,
      deadline: performance.now() + deadlineMs,
      landing,
    };
  }

  #channelFor(operation: OperationKind, options: OperationOptions): Channel {
    const { channels } = this.#shared.world;
    if (channels.length === 1 && options.channel === undefined) return itemAt(channels, 0);
    const kinds = channels.map((channel) => channel.kind);
    const kind =
      options.channel ??
      chooseChannel({
        operation,
        bytes: options.bytes ?? DEFAULT_BYTES,
        worldSize: this.worldSize,
        memoryMiB: this.#shared.memoryMiB,
        hint: this.#shared.hint,
        channels: kinds,
      });
    const channel = channels.find((each) => each.kind === kind);
    if (channel === undefined) {
      throw new ChannelUnavailableError(
        `Communicator "${this.name}" has no channel "${kind}"; it has: ${kinds.join(', ')}.`,
      );
    }
    return channel;
  }
}

interface SplitOptions {
  readonly name: string;
  readonly shared: Shared;
  readonly members: readonly number[];
}

/** Operations that end on a rank only after all ranks have begun them. */
const settling: ReadonlySet<OperationKind> = new Set(['barrier', 'allreduce', 'allgather', 'split']);

async function valuesOfAll<T>(x: Exchange, value: T): Promise<T[]> {
  const all = await allgather(x, encodeValue(value));
  return all.map((message) => decodeValue(ownMessage(message)) as T);
}

function variantOf(f: { readonly associative: boolean; readonly commutative: boolean }): number {
  return isUnordered(f) ? 0 : 1;
}

/** A result that shares no memory with what the caller passed in. */
function apart<R>(result: R, given: unknown): R {
  return typeof result === 'object' && result !== null && result === given ? copyValue(result) : result;
}

function reasonOf(signal: AbortSignal | undefined): Error {
  return signal?.reason instanceof Error ? signal.reason : new Error(String(signal?.reason));
}
