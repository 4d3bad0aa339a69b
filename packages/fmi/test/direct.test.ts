import { allSizes, conformance, everyRoot, MIB, outerRoots, smallLengths } from './support/conformance.ts';
import { directWorld } from './support/worlds.ts';

conformance('direct channel', directWorld, [
  { worldSizes: allSizes, lengths: smallLengths, roots: everyRoot },
  { worldSizes: [1, 2, 3, 5], lengths: [8 * MIB], roots: outerRoots },
]);
