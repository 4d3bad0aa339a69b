import { allSizes, conformance, everyRoot, MIB, outerRoots, smallLengths } from './support/conformance.ts';
import { directWorld } from './support/worlds.ts';

conformance('direct channel', directWorld, [
  { worldSizes: allSizes, lengths: smallLengths, roots: everyRoot },
  { worldSizes: process.env.FMI_FULL === '1' ? [2, 3, 5, 8] : [2, 3], lengths: [8 * MIB], roots: outerRoots },
]);
