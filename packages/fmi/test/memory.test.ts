import { conformance } from './support/conformance.ts';
import {
  ALL_PROGRAMS,
  everyRoot,
  fewLengths,
  isFull,
  MIB,
  outerRoots,
  smallLengths,
  wholeContract,
} from './support/contract.ts';
import { failures } from './support/failures.ts';
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
failures(name, memoryWorld, { noticesCuts: true, deadlineMs: 2000 });
