import { conformance, MIB, outerRoots, smallLengths, everyRoot, allSizes } from './support/conformance.ts';
import { failures } from './support/failures.ts';
import { fileStoreWorld } from './support/worlds.ts';

const leftBehind: string[][] = [];
const storeWorld = fileStoreWorld((names) => leftBehind.push(names));
const isFull = process.env.FMI_FULL === '1';

conformance('store channel on file://', storeWorld, [
  { worldSizes: [1, 2, 3, 5, 8], lengths: [0, 1, 65_537], roots: outerRoots },
  ...(isFull
    ? [
        { worldSizes: allSizes, lengths: smallLengths, roots: everyRoot },
        { worldSizes: [2, 3], lengths: [8 * MIB], roots: outerRoots },
      ]
    : [{ worldSizes: [2], lengths: [8 * MIB], roots: outerRoots }]),
]);

failures('store channel on file://', storeWorld, { noticesCuts: false, deadlineMs: 1600 });

describe('the store channel', () => {
  it('leaves nothing in the store when all ranks have closed', async () => {
    const before = leftBehind.length;
    await using world = await storeWorld(3);
    await world.all(async (c) => {
      await c.bcast('x');
      await c.allgather(c.rank);
    });
    await world[Symbol.asyncDispose]();
    expect(leftBehind[before]).toEqual([]);
  });
});
