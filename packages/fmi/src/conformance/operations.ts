import { itemAt } from '@cosmicai/payload';
import type { Communicator } from '../communicator.ts';
import { everyDay, everyRoot, MIB, type Extent } from './extents.ts';
import { anyOrder, bytesFor, fold, prefixes, rankOrder } from './reference.ts';
import { Tally } from './tally.ts';
import type { TestWorld, WorldMaker, WorldOptions } from './worlds.ts';

interface ChannelSuiteOptions {
  /** Of all worlds. */
  readonly world?: WorldOptions;
  /** Is told at the end what the channel was made to do. */
  readonly done?: (tally: Tally) => void;
}

/**
 * What every channel must do, whatever it is made of: each collective against a plain reference. Registers tests with Jest, or a
 * runner with the same `describe`, `it`, `expect`, `beforeAll` and `afterAll`.
 */
export function describeChannel(
  name: string,
  makeWorld: WorldMaker,
  extents: readonly Extent[] = everyDay(),
  { world: options, done }: ChannelSuiteOptions = {},
): void {
  describe(name, () => {
    const tally = new Tally(name);
    afterAll(() => done?.(tally));
    for (const { worldSizes, lengths, roots, mostGathered = Infinity } of extents) {
      const sizes = lengths.map(describeLength).join(', ');
      describe.each([...worldSizes])(`%i ranks, messages of ${sizes}`, (size) => {
        let world: TestWorld;
        beforeAll(async () => {
          world = await makeWorld(size, options);
        });
        afterAll(() => world[Symbol.asyncDispose]());
        describeOperations(() => world, size, lengths, roots(size), mostGathered, tally);
      });
    }
  });
}

function describeOperations(
  world: () => TestWorld,
  size: number,
  lengths: readonly number[],
  roots: readonly number[],
  mostGathered: number,
  tally: Tally,
): void {
  /** Each rank looks at its results as soon as it has them and keeps none: worlds of 32 ranks have gigabytes of them. */
  async function expectRight(
    where: object,
    operations: number,
    isRight: (c: Communicator, rank: number) => Promise<boolean>,
  ): Promise<void> {
    const right = await world().all(isRight);
    tally.operations(size, operations);
    expect({ ...where, right }).toEqual({ ...where, right: right.map(() => true) });
  }

  const same = tally.same.bind(tally);

  it('brings the root’s value to every rank in bcast', async () => {
    for (const length of lengths) {
      for (const root of roots) {
        const value = bytesFor(root, length, 1);
        await expectRight({ length, root }, 1, async (c, rank) =>
          same(await c.bcast(rank === root ? value : undefined, root), value),
        );
      }
    }
  });

  it('gathers, gathers different lengths, and scatters', async () => {
    for (const length of lengths) {
      const values = valuesOf(size, length, 2);
      for (const root of roots) {
        const given = turned(values, root);
        const uneven = given.map((bytes, rank) => bytes.subarray(0, Math.max(0, length - rank)));
        await expectRight({ length, root, operation: 'gather' }, 1, async (c, rank) => {
          const all = await c.gather(itemAt(given, rank), root);
          if (rank !== root) return all === undefined;
          return all?.length === size && all.every((bytes, from) => same(bytes, itemAt(given, from)));
        });
        await expectRight({ length, root, operation: 'gatherv' }, 1, async (c, rank) => {
          const joined = await c.gatherv(itemAt(uneven, rank), root);
          if (joined === undefined) return rank !== root;
          let at = 0;
          const parts = joined.counts.map((count) => joined.values.subarray(at, (at += count)));
          return (
            rank === root &&
            at === joined.values.length &&
            parts.length === size &&
            parts.every((bytes, from) => same(bytes, itemAt(uneven, from)))
          );
        });
        await expectRight({ length, root, operation: 'scatter' }, 1, async (c, rank) =>
          same(await c.scatter(rank === root ? given : undefined, root), itemAt(given, rank)),
        );
      }
    }
  });

  it('reduces to any root, strictly left to right where the function asks for it', async () => {
    for (const length of lengths) {
      const values = valuesOf(size, length, 3);
      for (const reduction of [anyOrder, rankOrder]) {
        for (const root of roots) {
          const given = turned(values, root);
          const expected = fold(given, reduction);
          await expectRight({ length, root, by: reduction.by.name }, 1, async (c, rank) => {
            const result = await c.reduce(itemAt(given, rank), reduction.by, root);
            return rank === root ? same(result, expected) : result === undefined;
          });
        }
      }
      // What ranks pass in stays as it is.
      expect(values.every((bytes, rank) => same(bytes, bytesFor(rank, length, 3)))).toBe(true);
    }
  });

  const gatherable = lengths.map((length) => Math.min(length, Math.floor(mostGathered / size ** 2)));
  const reduced = gatherable.filter((length) => !lengths.includes(length)).map(describeLength);
  it(reduced.length === 0 ? 'gathers to all' : `gathers to all, at most ${reduced.join(', ')}`, async () => {
    for (const length of gatherable) {
      const given = valuesOf(size, length, 4);
      await expectRight({ length }, 1, async (c, rank) => {
        const all = await c.allgather(itemAt(given, rank));
        return all.length === size && all.every((bytes, from) => same(bytes, itemAt(given, from)));
      });
    }
  });

  it('reduces to all, and scans', async () => {
    for (const length of lengths) {
      const given = valuesOf(size, length, 5);
      for (const reduction of [anyOrder, rankOrder]) {
        const { by } = reduction;
        const expected = prefixes(given, reduction);
        await expectRight({ length, by: by.name, operation: 'allreduce' }, 1, async (c, rank) =>
          same(await c.allreduce(itemAt(given, rank), by), itemAt(expected, size - 1)),
        );
        await expectRight({ length, by: by.name, operation: 'scan' }, 1, async (c, rank) =>
          same(await c.scan(itemAt(given, rank), by), itemAt(expected, rank)),
        );
        await expectRight({ length, by: by.name, operation: 'exclusive scan' }, 1, async (c, rank) => {
          const before = await c.scan(itemAt(given, rank), by, { inclusive: false });
          return rank === 0 ? before === undefined : same(before, itemAt(expected, rank - 1));
        });
      }
    }
  });

  if (size > 1) {
    it('sends from each rank to the next', async () => {
      for (const length of lengths) {
        const given = valuesOf(size, length, 6);
        await expectRight({ length }, size, async (c, rank) => {
          const before = (rank + size - 1) % size;
          const [, got] = await Promise.all([
            c.send(itemAt(given, rank), (rank + 1) % size),
            c.recv<Uint8Array>(before),
          ]);
          return same(got, itemAt(given, before));
        });
      }
    });
  }

  it('lets nobody leave a barrier before all have come', async () => {
    for (const late of roots) {
      const arrived = new Set<number>();
      await expectRight({ late }, 1, async (c, rank) => {
        // The late rank enters only after a message from each of the others.
        if (rank !== late) await c.send(rank, late);
        else for (const from of everyRoot(size)) if (from !== late) await c.recv(from);
        arrived.add(rank);
        await c.barrier();
        return arrived.size === size;
      });
    }
  });
}

function valuesOf(size: number, length: number, salt: number): Uint8Array[] {
  return everyRoot(size).map((rank) => bytesFor(rank, length, salt));
}

/** Other values for every root at no cost: what an earlier operation left behind is never right. */
function turned<T>(values: readonly T[], by: number): T[] {
  return values.map((_, rank) => itemAt(values, (rank + by) % values.length));
}

function describeLength(length: number): string {
  if (length % MIB === 0 && length > 0) return `${length / MIB} MiB`;
  return `${length} B`;
}
