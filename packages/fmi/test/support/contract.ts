import { jest } from '@jest/globals';
import { describeChannel, type Extent, type WorldMaker } from '../../src/conformance.ts';

/** FMI_FULL=1 asks every channel for the whole contract, which takes minutes to an hour for each. */
export const isFull = process.env.FMI_FULL === '1';
if (isFull) jest.setTimeout(7_200_000);

/** Random programs on every channel; fewer in everyday runs where each takes long. */
export const ALL_PROGRAMS = 1000;

/** Every collective of a channel. Of the whole contract nothing may time out because a machine is slow, and a line is printed. */
export function conformance(name: string, makeWorld: WorldMaker, extents: readonly Extent[]): void {
  if (!isFull) describeChannel(name, makeWorld, extents);
  else describeChannel(name, makeWorld, extents, { world: { deadlineMs: 600_000 }, done: (tally) => tally.print() });
}
