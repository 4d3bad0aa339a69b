import fc from 'fast-check';
import type { Communicator } from '../../src/index.ts';
import { type TestWorld, type WorldMaker } from '../../src/conformance.ts';
import { isFull } from './contract.ts';
import { anyOrder, bytesFor, fold, prefixes, rankOrder } from '../../src/conformance/reference.ts';
import { Tally } from '../../src/conformance/tally.ts';

/** One step of a program that all ranks run; numbers are taken modulo the world size. */
interface Step {
  readonly operation: (typeof OPERATIONS)[number];
  readonly root: number;
  readonly length: number;
  readonly ordered: boolean;
  /** Where the operation allows it, the value comes into an array of the caller's. */
  readonly into: boolean;
}

const OPERATIONS = [
  ...(['bcast', 'barrier', 'gather', 'scatter', 'reduce', 'allreduce', 'allgather', 'scan', 'pass', 'split'] as const),
];

const step: fc.Arbitrary<Step> = fc.record({
  operation: fc.constantFrom(...OPERATIONS),
  root: fc.nat(31),
  length: fc.oneof({ weight: 4, arbitrary: fc.nat(64) }, { weight: 1, arbitrary: fc.nat(40_000) }),
  ordered: fc.boolean(),
  into: fc.boolean(),
});

async function perform(c: Communicator, { operation, root: anyRoot, length, ordered, into }: Step): Promise<unknown> {
  const { rank, worldSize: size } = c;
  const root = anyRoot % size;
  const mine = bytesFor(rank, length);
  const { by } = ordered ? rankOrder : anyOrder;
  const target = into ? { into: new Uint8Array(length) } : {};
  switch (operation) {
    case 'barrier':
      return c.barrier();
    case 'bcast':
      return c.bcast(rank === root ? mine : undefined, root, target);
    case 'gather':
      return c.gather(mine, root);
    case 'scatter':
      return c.scatter(rank === root ? Array.from({ length: size }, (_, to) => bytesFor(to, length)) : undefined, root);
    case 'reduce':
      return c.reduce(mine, by, root);
    case 'allreduce':
      return c.allreduce(mine, by);
    case 'allgather':
      return c.allgather(mine);
    case 'scan':
      return c.scan(mine, by);
    case 'pass': {
      if (size === 1) return mine;
      const [, got] = await Promise.all([c.send(mine, (rank + 1) % size), c.recv((rank + size - 1) % size, target)]);
      return got;
    }
    case 'split': {
      // Backwards, so that the ranks of the part aren't those of the whole.
      const part = await c.split(rank % 2, -rank);
      return part!.allgather(rank);
    }
  }
}

/** What a single process would say each rank gets. */
function expected({ operation, root: anyRoot, length, ordered }: Step, size: number): unknown[] {
  const root = anyRoot % size;
  const ranks = Array.from({ length: size }, (_, rank) => rank);
  const all = ranks.map((rank) => bytesFor(rank, length));
  const reduction = ordered ? rankOrder : anyOrder;
  const atRoot = (value: unknown): unknown[] => ranks.map((rank) => (rank === root ? value : undefined));
  switch (operation) {
    case 'barrier':
      return ranks.map(() => undefined);
    case 'bcast':
      return ranks.map(() => all[root]);
    case 'gather':
      return atRoot(all);
    case 'scatter':
      return all;
    case 'reduce':
      return atRoot(fold(all, reduction));
    case 'allreduce':
      return ranks.map(() => fold(all, reduction));
    case 'allgather':
      return ranks.map(() => all);
    case 'scan':
      return prefixes(all, reduction);
    case 'pass':
      return ranks.map((rank) => all[(rank + size - 1) % size]);
    case 'split':
      return ranks.map((rank) => ranks.filter((other) => other % 2 === rank % 2).toReversed());
  }
}

/** Programs of random operations without waiting in between: ranks run apart as far as the operations let them. */
export function randomPrograms(name: string, makeWorld: WorldMaker, sizes: readonly number[], programs: number): void {
  it(`${programs} random programs on the ${name}, in worlds of ${sizes.join(', ')}, give what a single process computes`, async () => {
    const tally = new Tally(`${name}, ${programs} random programs`);
    const worlds = new Map<number, TestWorld>();
    for (const size of sizes) worlds.set(size, await makeWorld(size));
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...sizes),
          fc.array(step, { minLength: 1, maxLength: 6 }),
          async (size, program) => {
            const got = await worlds.get(size)!.all(async (c) => {
              const results: unknown[] = [];
              for (const each of program) results.push(await perform(c, each));
              return results;
            });
            tally.operations(size, program.length);
            const wanted = program.map((each) => expected(each, size));
            got.forEach((results, rank) => {
              expect(results.map(comparable)).toEqual(wanted.map((byRank) => comparable(byRank[rank])));
            });
          },
        ),
        { numRuns: programs, seed: 20_230_621 },
      );
    } finally {
      for (const world of worlds.values()) await world[Symbol.asyncDispose]();
    }
    if (isFull) tally.print();
  });
}

/** Bytes as one string: comparing them element by element is slow. */
function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
  return Array.isArray(value) ? value.map(comparable) : value;
}
