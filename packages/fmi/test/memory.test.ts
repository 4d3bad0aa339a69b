import {
  everyRoot,
  fewLengths,
  MIB,
  outerRoots,
  smallLengths,
  wholeContract,
  describeFailures,
} from '../src/conformance.ts';
import { ALL_PROGRAMS, conformance, isFull } from './support/contract.ts';
import { randomPrograms } from './support/random-programs.ts';
import { memoryWorld } from './support/worlds.ts';

const name = 'memory channel';

const everyDay = [
  { worldSizes: [1, 2, 3, 4, 5, 6, 7, 8, 9], lengths: smallLengths, roots: everyRoot },
  { worldSizes: [16, 32], lengths: fewLengths, roots: outerRoots },
  { worldSizes: [2], lengths: [8 * MIB], roots: outerRoots },
];

conformance(name, memoryWorld, isFull ? wholeContract : everyDay);
randomPrograms(name, memoryWorld, [1, 2, 3, 4, 5, 7, 8, 9, 16, 17], ALL_PROGRAMS);
describeFailures(name, memoryWorld, { noticesCuts: true, deadlineMs: 2000 });
