import fc from 'fast-check';
import { bytesFor } from './support/reference.ts';
import { memoryWorld, rendezvousWorld, type WorldMaker } from './support/worlds.ts';

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
    expect(results[1]).toEqual([shared, sent]);
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
