import type { FmiPingOperation } from '@cosmicai/payload';
import type { Communicator } from '../communicator.ts';
import type { OperationKind } from '../operation.ts';
import { sum } from '../reduction.ts';

interface Check {
  readonly operation: OperationKind | 'gatherv';
  readonly run: (c: Communicator) => Promise<unknown>;
  readonly expected: (rank: number, size: number) => unknown;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
// Not associative: only the order of ranks gives this.
const minus = (left: number, right: number): number => left - right;
const ordered = (values: readonly number[]): number => values.reduce(minus);

/** The root is the last rank, so that it isn't where everything begins anyway. */
const checks: readonly Check[] = [
  { operation: 'barrier', run: (c) => c.barrier(), expected: () => undefined },
  {
    operation: 'send',
    run: async (c) => {
      if (c.worldSize === 1) return 0;
      await c.send(c.rank, (c.rank + 1) % c.worldSize);
      return c.recv((c.rank + c.worldSize - 1) % c.worldSize);
    },
    expected: (rank, size) => (rank + size - 1) % size,
  },
  {
    operation: 'bcast',
    run: (c) => c.bcast({ from: c.rank }, c.worldSize - 1),
    expected: (_, size) => ({ from: size - 1 }),
  },
  {
    operation: 'gather',
    run: (c) => c.gather(c.rank, c.worldSize - 1),
    expected: (rank, size) => (rank === size - 1 ? upTo(size) : undefined),
  },
  {
    operation: 'gatherv',
    run: async (c) => (await c.gatherv(new Float64Array(c.rank).fill(c.rank), c.worldSize - 1))?.counts,
    expected: (rank, size) => (rank === size - 1 ? upTo(size) : undefined),
  },
  {
    operation: 'scatter',
    run: (c) => c.scatter(c.rank === c.worldSize - 1 ? upTo(c.worldSize) : undefined, c.worldSize - 1),
    expected: (rank) => rank,
  },
  {
    operation: 'reduce',
    run: (c) => c.reduce(c.rank, minus, c.worldSize - 1),
    expected: (rank, size) => (rank === size - 1 ? ordered(upTo(size)) : undefined),
  },
  {
    operation: 'allreduce',
    run: async (c) => [...(await c.allreduce(Float64Array.of(c.rank, 1), sum))],
    expected: (_, size) => [(size * (size - 1)) / 2, size],
  },
  { operation: 'allgather', run: (c) => c.allgather(c.rank), expected: (_, size) => upTo(size) },
  { operation: 'scan', run: (c) => c.scan(c.rank, minus), expected: (rank) => ordered(upTo(rank + 1)) },
  {
    operation: 'split',
    run: async (c) => {
      const half = await c.split(c.rank % 2);
      return half?.allgather(c.rank);
    },
    expected: (rank, size) => upTo(size).filter((other) => other % 2 === rank % 2),
  },
];

/**
 * Tries every operation from one rank; all ranks call it at once. After a failure the rest fails with the same error.
 * Before each but the barrier all wait for each other, so that the times are of the operations alone.
 */
export async function tryOperations(c: Communicator, now: () => number): Promise<FmiPingOperation[]> {
  const reports: FmiPingOperation[] = [];
  for (const { operation, run, expected } of checks) {
    let start = now();
    try {
      if (operation !== 'barrier') await c.barrier();
      start = now();
      const got = JSON.stringify(await run(c));
      const wanted = JSON.stringify(expected(c.rank, c.worldSize));
      const ok = got === wanted;
      reports.push({ operation, ok, ms: now() - start, ...(!ok && { problem: `got ${got}, expected ${wanted}` }) });
    } catch (error) {
      reports.push({ operation, ok: false, ms: now() - start, problem: (error as Error).message });
    }
  }
  return reports;
}
