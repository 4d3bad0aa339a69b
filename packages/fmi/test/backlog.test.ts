import fc from 'fast-check';
import { bytesFor } from '../src/conformance/reference.ts';
import { type WorldMaker } from '../src/conformance.ts';
import { memoryWorld, rendezvousWorld } from './support/worlds.ts';

const KIB = 1024;
/** Smallest memory: a window of 256 KiB for each kind of messages. */
const small = { memoryMiB: 1, deadlineMs: 10_000 };

const worlds: [string, WorldMaker][] = [
  ['memory', memoryWorld],
  ['direct', rendezvousWorld('direct')],
  ['relay', rendezvousWorld('relay')],
];

describe.each(worlds)('messages that nobody has read yet, on the %s channel', (_name, makeWorld) => {
  it('hold up no collective, however much of the window they fill', async () => {
    await using world = await makeWorld(2, small);
    const sent = bytesFor(1, 400 * KIB);
    const shared = bytesFor(2, 700 * KIB);
    const results = await world.all(async (c, rank) => {
      if (rank === 0) {
        await c.send(sent, 1);
        return [await c.bcast(shared), sent];
      }
      return [await c.bcast<Uint8Array>(undefined), await c.recv<Uint8Array>(0)];
    });
    expect(results[1]!.map((value, i) => Buffer.compare(value, [shared, sent][i]!))).toEqual([0, 0]);
  });

  it('hold up nobody any more once they are read, in whatever order', async () => {
    await using world = await makeWorld(2, small);
    const other = await world.all((c) => c.split(0));
    // Half of the window; what asks for a report, and is read first; then more, and one that waits for all of them.
    const first = [100, 20].map((kib) => bytesFor(1, kib * KIB));
    const overtaking = bytesFor(2, 10 * KIB);
    const then = bytesFor(3, 60 * KIB);
    const last = bytesFor(4, 200 * KIB);
    // A message back would carry the report.
    const allRead = Promise.withResolvers<undefined>();
    const received = await world.all(async (c, rank) => {
      const second = other[rank]!;
      if (rank === 0) {
        for (const value of first) await c.send(value, 1);
        await second.send(overtaking, 1);
        await c.send(then, 1);
        await allRead.promise;
        await c.send(last, 1);
        return [];
      }
      const values = [await second.recv(0), await c.recv(0), await c.recv(0), await c.recv(0)] as Uint8Array[];
      allRead.resolve(undefined);
      return [...values, await c.recv<Uint8Array>(0)];
    });
    const expected = [overtaking, ...first, then, last];
    expect(received[1]!.map((value, i) => Buffer.compare(value, expected[i]!))).toEqual(expected.map(() => 0));
  });

  it('are accounted for also when they are read before the reader’s own end of the link stands', async () => {
    await using world = await makeWorld(2, small);
    // More than half of the window: the second waits until the first is known to have been read.
    const values = [1, 2, 3].map((seed) => bytesFor(seed, 200 * KIB));
    const received = await world.all(async (c, rank) => {
      const seen: Uint8Array[] = [];
      for (const value of values) {
        if (rank === 0) await c.send(value, 1);
        else seen.push(await c.recv<Uint8Array>(0));
      }
      return seen;
    });
    expect(received[1]!.map((value, i) => Buffer.compare(value, values[i]!))).toEqual([0, 0, 0]);
  });

  it('hold up the sender only until they are read, whatever their lengths', async () => {
    await using world = await makeWorld(2, small);
    const lengths = fc.array(fc.oneof(fc.nat(2 * KIB), fc.nat(70 * KIB), fc.nat(500 * KIB)), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(lengths, lengths, async (first, second) => {
        const mine = [first, second];
        const received = await world.all(async (c, rank) => {
          const sending = (async () => {
            for (const length of mine[rank]!) await c.send(new Uint8Array(length).fill(length), 1 - rank);
          })();
          const lengthsSeen: number[] = [];
          for (const expected of mine[1 - rank]!) {
            const value = await c.recv<Uint8Array>(1 - rank);
            if (value.every((byte) => byte === expected % 256)) lengthsSeen.push(value.length);
          }
          await sending;
          // In between, as large as they come: a window of their own.
          const common = await c.bcast(rank === 0 ? bytesFor(3, first.length * 20 * KIB) : undefined);
          return { lengthsSeen, common: common.length };
        });
        const common = first.length * 20 * KIB;
        expect(received).toEqual([
          { lengthsSeen: second, common },
          { lengthsSeen: first, common },
        ]);
      }),
      { numRuns: 25, seed: 5 },
    );
  });
});
