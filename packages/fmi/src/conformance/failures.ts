import { itemAt } from '@cosmicai/payload';
import { OperationMismatchError, PeerLostError } from '../errors.ts';
import { sum } from '../reduction.ts';
import { sideBySide } from './side-by-side.ts';
import type { TestWorld, WorldMaker } from './worlds.ts';

interface FailureOptions {
  /** Does the channel notice that a rank was cut off, before any deadline? */
  readonly noticesCuts: boolean;
  /** Long enough that a healthy world of this channel never comes near it, ms. */
  readonly deadlineMs: number;
}

/**
 * What every channel must do when ranks are lost, silent or out of step: the same error on every survivor, naming the right
 * rank. Registers tests as `describeChannel` does.
 */
export function describeFailures(
  name: string,
  makeWorld: WorldMaker,
  { noticesCuts, deadlineMs }: FailureOptions,
): void {
  const SIZE = 8;

  async function survivors(
    world: TestWorld,
    lost: number,
    program: Parameters<TestWorld['settle']>[0],
  ): Promise<unknown[]> {
    const results = await world.settle((c, rank) => (rank === lost ? Promise.resolve() : program(c, rank)));
    return results.filter((_, rank) => rank !== lost).map(outcome);
  }

  // Each of them waits for its deadline and hardly works: together they take as long as one.
  const cases = sideBySide();
  const { it } = cases;

  describe(`${name}, ranks that fail`, () => {
    const operations: Record<string, Parameters<TestWorld['settle']>[0]> = {
      barrier: (c) => c.barrier(),
      bcast: (c, rank) => c.bcast(rank, 3),
      allreduce: (c, rank) => c.allreduce(rank, sum),
      reduce: async (c, rank) => {
        await c.reduce(rank, (a, b) => a - b, 3);
        await c.barrier();
      },
      'ordered scan': async (c, rank) => {
        await c.scan(rank, (a, b) => a - b);
        await c.barrier();
      },
    };

    for (const [operation, program] of Object.entries(operations)) {
      it(`names a rank that never comes to ${operation}, on every survivor`, async () => {
        await using world = await makeWorld(SIZE, { deadlineMs });
        const errors = await survivors(world, 3, program);
        expect(errors).toEqual(anyOf(errors, PeerLostError));
        expect(errors.map((error) => (error as PeerLostError).rank)).toEqual(errors.map(() => 3));
      });
    }

    it('rejects every later operation with the same error', async () => {
      await using world = await makeWorld(3, { deadlineMs });
      const [first] = await survivors(world, 2, (c) => c.barrier());
      const [second] = await survivors(world, 2, (c) => c.bcast('x'));
      expect(second).toBe(first);
    });

    if (noticesCuts) {
      for (const lost of [0, 3, 7]) {
        it(`names rank ${lost} that is cut off in mid-operation, long before the deadline`, async () => {
          await using world = await makeWorld(SIZE, { deadlineMs: 600_000 });
          await world.all((c) => c.barrier());
          const waiting = survivors(world, lost, async (c, rank) => {
            for (;;) await c.allreduce(rank, sum);
          });
          world.lose(lost);
          const errors = await waiting;
          expect(errors.map((error) => (error as PeerLostError).rank)).toEqual(errors.map(() => lost));
        });
      }
    }

    it('says who is in which operation when ranks are out of step', async () => {
      await using world = await makeWorld(4, { deadlineMs });
      await world.all((c) => c.barrier());
      const results = await world.settle<unknown>((c, rank) =>
        rank === 2 ? c.barrier() : c.bcast<unknown>('value', 0),
      );
      const later = await world.settle((c) => c.barrier());
      const errors = [...results, ...later].filter((result) => result.status === 'rejected').map(outcome);
      expect(errors.length).toBeGreaterThanOrEqual(4);
      expect(errors).toEqual(anyOf(errors, OperationMismatchError));
      expect((errors[0] as Error).message).toMatch(
        /Rank \d is in (barrier|bcast) #1.* while rank \d is in (barrier|bcast) #1/,
      );
    });

    it('tells different roots, orders of reduction and lengths apart', async () => {
      const programs: Parameters<TestWorld['settle']>[0][] = [
        async (c, rank) => c.bcast(rank, rank === 1 ? 1 : 0),
        async (c, rank) => (rank === 1 ? c.allreduce(rank, (a, b) => a + b) : c.allreduce(rank, sum)),
        async (c, rank) => c.allreduce(new Float64Array(rank === 1 ? 2 : 1), sum),
      ];
      for (const program of programs) {
        await using world = await makeWorld(4, { deadlineMs });
        const results = await world.settle(async (c, rank) => {
          await program(c, rank);
          await c.barrier();
        });
        expect(results.map(outcome)).toEqual(anyOf(results, OperationMismatchError));
      }
    });

    it('finds ranks that wait for each other in different operations', async () => {
      await using world = await makeWorld(3, { deadlineMs });
      const results = await world.settle((c, rank) => (rank === 1 ? c.recv(0) : c.barrier()));
      expect(results.map(outcome)).toEqual(anyOf(results, OperationMismatchError));
    });

    it('gives up an operation when its signal says so, and tells the others', async () => {
      await using world = await makeWorld(4, { deadlineMs: 600_000 });
      const stop = new AbortController();
      const results = world.settle((c, rank) => {
        if (rank === 0) return Promise.resolve();
        if (rank === 1) return c.barrier({ signal: stop.signal });
        return c.barrier();
      });
      stop.abort(new Error('enough'));
      const [, one, two, three] = await results;
      expect(one).toMatchObject({ reason: { message: 'enough' } });
      expect([two, three]).toMatchObject([{ reason: { rank: 1 } }, { reason: { rank: 1 } }]);
    });

    it('lets a cancelled recv hurt nobody', async () => {
      await using world = await makeWorld(2, { deadlineMs: 600_000 });
      const stop = new AbortController();
      const [a, b] = world.ranks as [TestWorld['ranks'][0], TestWorld['ranks'][0]];
      const cancelled = b.recv(0, { signal: stop.signal });
      stop.abort(new Error('not needed'));
      await expect(cancelled).rejects.toThrow('not needed');
      const [, received] = await Promise.all([a.send([1, 2], 1), b.recv(0)]);
      expect(received).toEqual([1, 2]);
    });

    it('treats a rank that has closed its communicator as left, not as an accident', async () => {
      await using world = await makeWorld(3, { deadlineMs });
      await world.all((c) => c.barrier());
      await itemAt(world.ranks, 2).close();
      const [zero] = await world.settle((c, rank) => (rank === 2 ? Promise.resolve() : c.barrier()));
      expect(zero).toMatchObject({ status: 'rejected', reason: { rank: 2 } });
    });

    cases.run();
  });
}

function outcome(result: PromiseSettledResult<unknown>): unknown {
  return result.status === 'rejected' ? result.reason : 'fulfilled';
}

function anyOf(list: readonly unknown[], type: new (...args: never[]) => Error): unknown[] {
  return list.map(() => expect.any(type) as unknown);
}
