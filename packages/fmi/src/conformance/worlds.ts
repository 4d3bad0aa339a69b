import type { ChannelFactory } from '../channels/channel.ts';
import { Communicator } from '../communicator.ts';
import type { CommunicatorOptions } from '../options.ts';

export type WorldOptions = Partial<Omit<CommunicatorOptions, 'channels'>>;

/** All ranks of a world in this process. */
export interface TestWorld extends AsyncDisposable {
  readonly ranks: readonly Communicator[];
  /** Cuts a rank off without a good-bye. */
  lose(rank: number): void;
  /** Runs the program of every rank at the same time; the results by rank. */
  all<T>(program: (communicator: Communicator, rank: number) => Promise<T>): Promise<T[]>;
  /** The same, but failures are results too. */
  settle<T>(program: (communicator: Communicator, rank: number) => Promise<T>): Promise<PromiseSettledResult<T>[]>;
}

export type WorldMaker = (size: number, options?: WorldOptions) => Promise<TestWorld>;

let worlds = 0;

interface WorldParts {
  readonly size: number;
  readonly options?: WorldOptions | undefined;
  /** The channel of each rank. */
  readonly channel: (rank: number) => ChannelFactory;
  /** Ends a rank's connections without a good-bye, where a channel has some. */
  readonly lose?: (rank: number) => void;
  /** Lets go of what the world was made of, once its ranks have closed. */
  readonly close?: () => Promise<void> | void;
}

/** A world of so many ranks over one channel. */
export function worldOf({ size, options = {}, channel, lose, close }: WorldParts): TestWorld {
  const name = options.name ?? uniqueName();
  const ranks = Array.from(
    { length: size },
    (_, rank) => new Communicator(rank, size, { ...options, name, channels: [channel(rank)] }),
  );
  let isClosed = false;
  return {
    ranks,
    lose: (rank) => lose?.(rank),
    all: (program) => Promise.all(ranks.map(program)),
    settle: (program) => Promise.allSettled(ranks.map(program)),
    async [Symbol.asyncDispose]() {
      if (isClosed) return;
      isClosed = true;
      await Promise.all(ranks.map((communicator) => communicator[Symbol.asyncDispose]()));
      await close?.();
    },
  };
}

/** Of no other world of this machine. */
export function uniqueName(): string {
  return `world-${process.pid}-${worlds++}`;
}
