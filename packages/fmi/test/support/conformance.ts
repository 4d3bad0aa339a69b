import { sum, type Communicator, type Reduction } from '../../src/index.ts';
import { bytesFor, fold, orderedMix, prefixes, sameBytes } from './reference.ts';
import type { TestWorld, WorldMaker } from './worlds.ts';

const KIB = 1024;
export const MIB = 1024 * KIB;
const byteSum: Reduction<Uint8Array> = sum;

export interface Extent {
  readonly worldSizes: readonly number[];
  /** Bytes of each rank's message. */
  readonly lengths: readonly number[];
  readonly roots: (size: number) => readonly number[];
}

export const allSizes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 32];
export const smallLengths = [0, 1, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1];
export const everyRoot = (size: number): number[] => Array.from({ length: size }, (_, root) => root);
export const outerRoots = (size: number): number[] => [...new Set([0, size - 1])];

/** What every channel must do, whatever it is made of: each collective against a plain reference. */
export function conformance(name: string, makeWorld: WorldMaker, extents: readonly Extent[]): void {
  for (const { worldSizes, lengths, roots } of extents) {
    describe.each([...worldSizes])(
      `${name}, %i ranks, messages of ${lengths.map(describeLength).join(', ')}`,
      (size) => {
        let world: TestWorld;
        beforeAll(async () => {
          world = await makeWorld(size);
        });
        afterAll(() => world[Symbol.asyncDispose]());

        const values = (length: number, salt = 0): Uint8Array[] =>
          everyRoot(size).map((rank) => bytesFor(rank, length, salt));

        it('brings the root’s value to every rank in bcast', async () => {
          for (const length of lengths) {
            for (const root of roots(size)) {
              const value = bytesFor(root, length, 1);
              const got = await world.all((c, rank) => c.bcast(rank === root ? value : undefined, root));
              expect(got.every((bytes) => sameBytes(bytes, value))).toBe(true);
            }
          }
        });

        it('gathers, gathers different lengths, and scatters', async () => {
          for (const length of lengths) {
            const given = values(length, 2);
            const uneven = given.map((bytes, rank) => bytes.subarray(0, Math.max(0, length - rank)));
            for (const root of roots(size)) {
              const gathered = await world.all((c, rank) => c.gather(given[rank]!, root));
              const joined = await world.all((c, rank) => c.gatherv(uneven[rank]!, root));
              const scattered = await world.all((c, rank) => c.scatter(rank === root ? given : undefined, root));
              expectOnlyAt(root, gathered);
              expectOnlyAt(root, joined);
              expect(gathered[root]!.every((bytes, rank) => sameBytes(bytes, given[rank]!))).toBe(true);
              expect(joined[root]!.counts).toEqual(uneven.map((bytes) => bytes.length));
              expect(sameBytes(joined[root]!.values, Buffer.concat(uneven))).toBe(true);
              expect(scattered.every((bytes, rank) => sameBytes(bytes, given[rank]!))).toBe(true);
            }
          }
        });

        it('reduces to any root, strictly left to right where the function asks for it', async () => {
          for (const length of lengths) {
            const given = values(length, 3);
            for (const by of [byteSum, orderedMix]) {
              const expected = fold(given, by.combine);
              for (const root of roots(size)) {
                const got = await world.all((c, rank) => c.reduce(given[rank]!, by, root));
                expectOnlyAt(root, got);
                expect(sameBytes(got[root], expected)).toBe(true);
              }
            }
            expect(given.every((bytes, rank) => sameBytes(bytes, bytesFor(rank, length, 3)))).toBe(true);
          }
        });

        it('reduces and gathers to all, and scans', async () => {
          for (const length of lengths) {
            const given = values(length, 4);
            const gathered = await world.all((c, rank) => c.allgather(given[rank]!));
            expect(
              gathered.every((all) => all.length === size && all.every((bytes, i) => sameBytes(bytes, given[i]!))),
            ).toBe(true);
            for (const by of [byteSum, orderedMix]) {
              const expected = prefixes(given, by.combine);
              const reduced = await world.all((c, rank) => c.allreduce(given[rank]!, by));
              const inclusive = await world.all((c, rank) => c.scan(given[rank]!, by));
              const exclusive = await world.all((c, rank) => c.scan(given[rank]!, by, { inclusive: false }));
              expect(reduced.every((bytes) => sameBytes(bytes, expected[size - 1]!))).toBe(true);
              expect(inclusive.every((bytes, rank) => sameBytes(bytes, expected[rank]!))).toBe(true);
              expect(exclusive[0]).toBeUndefined();
              expect(exclusive.slice(1).every((bytes, i) => sameBytes(bytes, expected[i]!))).toBe(true);
            }
          }
        });

        it('sends from each rank to the next', async () => {
          if (size === 1) return;
          for (const length of lengths) {
            const given = values(length, 5);
            const got = await world.all((c, rank) => passOn(c, given[rank]!));
            expect(got.every((bytes, rank) => sameBytes(bytes, given[(rank + size - 1) % size]!))).toBe(true);
          }
        });

        it('lets nobody leave a barrier before all have come', async () => {
          const arrived = new Set<number>();
          const seen = await world.all(async (c, rank) => {
            // The last rank comes last: it enters only after a message from each of the others.
            if (rank === size - 1) for (let from = 0; from < size - 1; from++) await c.recv(from);
            else await c.send(rank, size - 1);
            arrived.add(rank);
            await c.barrier();
            return arrived.size;
          });
          expect(seen).toEqual(seen.map(() => size));
        });
      },
    );
  }
}

async function passOn(c: Communicator, value: Uint8Array): Promise<Uint8Array> {
  const [, got] = await Promise.all([
    c.send(value, (c.rank + 1) % c.worldSize),
    c.recv<Uint8Array>((c.rank + c.worldSize - 1) % c.worldSize),
  ]);
  return got;
}

function expectOnlyAt(root: number, results: readonly unknown[]): void {
  expect(results.map((result) => result !== undefined)).toEqual(results.map((_, rank) => rank === root));
}

function describeLength(length: number): string {
  if (length % MIB === 0 && length > 0) return `${length / MIB} MiB`;
  return `${length} B`;
}
