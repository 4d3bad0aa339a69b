import { allSizes, conformance, everyRoot, MIB, outerRoots, smallLengths } from './support/conformance.ts';
import { memoryWorld } from './support/worlds.ts';

conformance('memory channel', memoryWorld, [
  { worldSizes: allSizes, lengths: smallLengths, roots: everyRoot },
  { worldSizes: [1, 2, 3, 5], lengths: [8 * MIB], roots: outerRoots },
]);
