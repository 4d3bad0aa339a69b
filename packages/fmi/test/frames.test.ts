import fc from 'fast-check';
import { PeerLostError, type Communicator } from '../src/index.ts';
import { bytesFor } from './support/reference.ts';
import { withTap } from './support/tap.ts';
import { directWorld } from './support/worlds.ts';

/** The bytes that a rank sends for some operations, taken from a real world by a tap between the two. */
async function recordBytes(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let isOver = false;
  await withTap(
    (chunk, forward) => {
      if (!isOver) chunks.push(chunk);
      forward(chunk);
    },
    async (a, b) => {
      await Promise.all([a.barrier(), b.barrier()]);
      await Promise.all([a.send(bytesFor(1, 100), 1), b.recv(0)]);
      await Promise.all([a.send({ text: 'frames' }, 1), b.recv(0)]);
      // Without the good-byes.
      isOver = true;
    },
  );
  return Buffer.concat(chunks);
}

describe('frames', () => {
  it('survive any way of cutting the stream into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        fc.nat(300),
        async (cuts, length) => {
          let at = 0;
          await withTap(
            (chunk, forward) => {
              for (let from = 0; from < chunk.length;) {
                const size = cuts[at++ % cuts.length]!;
                forward(chunk.subarray(from, from + size));
                from += size;
              }
            },
            async (a, b) => {
              const value = bytesFor(2, length);
              const [, got] = await Promise.all([a.send(value, 1), b.recv(0)]);
              expect(got).toEqual(value);
              const both = await Promise.all([a.allgather('a'), b.allgather('b')]);
              expect(both).toEqual([
                ['a', 'b'],
                ['a', 'b'],
              ]);
            },
          );
        },
      ),
      { numRuns: 60, seed: 7 },
    );
  });

  it('never deliver a damaged byte: the receiver loses the peer and says why', async () => {
    const length = (await recordBytes()).length;
    await fc.assert(
      fc.asyncProperty(fc.nat(length - 1), fc.integer({ min: 1, max: 255 }), async (position, flip) => {
        let passed = 0;
        await withTap(
          (chunk, forward) => {
            const copy = Buffer.from(chunk);
            const index = position - passed;
            if (index >= 0 && index < copy.length) copy[index]! ^= flip;
            passed += chunk.length;
            forward(copy);
          },
          async (a, b) => {
            const value = bytesFor(1, 100);
            const program = async (c: Communicator): Promise<unknown[]> => {
              await c.barrier();
              if (c.rank === 1) return [await c.recv(0), await c.recv(0)];
              await c.send(value, 1);
              await c.send({ text: 'frames' }, 1);
              // The report of the damage comes back while rank 0 waits for something.
              return [await c.recv(1)];
            };
            const [, receiver] = await Promise.allSettled([program(a), program(b)]);
            expect(receiver).toMatchObject({ status: 'rejected', reason: expect.any(PeerLostError) as unknown });
            expect((receiver as PromiseRejectedResult).reason).toMatchObject({
              rank: 0,
              reason: expect.stringMatching(/checksum|no frame|message of \d+ bytes/) as unknown,
            });
          },
        );
      }),
      { numRuns: 150, seed: 11 },
    );
  });
});

describe('sending to a rank that doesn’t read', () => {
  it('is buffered up to the bound, waits beyond it, and goes on when the rank reads', async () => {
    await using world = await directWorld(2, { memoryMiB: 8, deadlineMs: 60_000 });
    const [a, b] = world.ranks as [Communicator, Communicator];
    const message = new Uint8Array(256 * 1024);
    const count = 40;
    let accepted = 0;
    const sending = (async () => {
      for (let i = 0; i < count; i++) {
        await a.send(message.fill(i), 1);
        accepted++;
      }
    })();
    // Collectives still get through while messages wait.
    await Promise.all([a.barrier(), b.barrier()]);
    await Promise.all([a.allgather(1), b.allgather(2)]);
    // A quarter of 8 MiB, plus the one that may always be on its way.
    expect(accepted * message.length).toBeLessThanOrEqual(2 * 1024 * 1024 + 2 * message.length);
    for (let i = 0; i < count; i++) {
      const got = await b.recv<Uint8Array>(0);
      expect(got.every((byte) => byte === i)).toBe(true);
    }
    await sending;
    expect(accepted).toBe(count);
  });

  it('refuses a message larger than the memory allows, and leaves the communicator usable', async () => {
    await using world = await directWorld(2, { memoryMiB: 1 });
    const [a, b] = world.ranks as [Communicator, Communicator];
    await expect(a.send(new Uint8Array(2 * 1024 * 1024), 1)).rejects.toThrow('raise memoryMiB');
    const [, got] = await Promise.all([a.send('small', 1), b.recv(0)]);
    expect(got).toBe('small');
  });
});
