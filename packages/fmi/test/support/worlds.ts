import { Communicator, direct, memory, MemoryHub, type CommunicatorOptions } from '../../src/index.ts';
import { Loopback } from './loopback.ts';

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

export function testWorld(
  ranks: readonly Communicator[],
  lose: (rank: number) => void,
  close: () => Promise<void> | void,
): TestWorld {
  return {
    ranks,
    lose,
    all: (program) => Promise.all(ranks.map(program)),
    settle: (program) => Promise.allSettled(ranks.map(program)),
    async [Symbol.asyncDispose]() {
      await Promise.all(ranks.map((communicator) => communicator.close()));
      await close();
    },
  };
}

export function uniqueName(): string {
  return `world-${process.pid}-${worlds++}`;
}

export const memoryWorld: WorldMaker = async (size, options = {}) => {
  const hub = new MemoryHub();
  const name = options.name ?? uniqueName();
  const ranks = Array.from(
    { length: size },
    (_, rank) => new Communicator(rank, size, { ...options, name, channels: [memory(hub)] }),
  );
  return testWorld(
    ranks,
    (rank) => hub.lose(rank),
    () => undefined,
  );
};

export const directWorld: WorldMaker = async (size, options = {}) => {
  const loopback = await new Loopback(size).listen();
  const name = options.name ?? uniqueName();
  const connectors = Array.from({ length: size }, (_, rank) => loopback.connector(rank));
  const ranks = connectors.map(
    (connector, rank) => new Communicator(rank, size, { ...options, name, channels: [direct(connector)] }),
  );
  return testWorld(
    ranks,
    (rank) => connectors[rank]!.destroy(),
    () => loopback.close(),
  );
};
