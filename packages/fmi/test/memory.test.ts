import { allSizes, conformance, everyRoot, MIB, outerRoots, smallLengths } from './support/conformance.ts';
import { memoryWorld } from './support/worlds.ts';

conformance('memory channel', memoryWorld, [
  { worldSizes: allSizes, lengths: smallLengths, roots: everyRoot },
  {
    worldSizes: process.env.FMI_FULL === '1' ? [1, 2, 3, 4, 5, 8, 16] : [1, 2, 5],
    lengths: [8 * MIB],
    roots: outerRoots,
  },
]);
