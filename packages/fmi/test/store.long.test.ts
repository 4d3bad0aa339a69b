import { everyDay, outerRoots, wholeContract, describeFailures } from '../src/conformance.ts';
import { ALL_PROGRAMS, conformance, isFull } from './support/contract.ts';
import { randomPrograms } from './support/random-programs.ts';
import { fileStoreWorld } from './support/worlds.ts';

const name = 'store channel on file://';
const leftBehind: string[][] = [];
const storeWorld = fileStoreWorld((names) => leftBehind.push(names));

conformance(name, storeWorld, isFull ? wholeContract : everyDay([1, 2, 3, 5, 8], outerRoots));
randomPrograms(name, storeWorld, isFull ? [1, 2, 3, 5, 8, 9] : [2, 3], isFull ? ALL_PROGRAMS : 50);
describeFailures(name, storeWorld, { noticesCuts: false, deadlineMs: 4000 });

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
