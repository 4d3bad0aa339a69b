import {
  everyDay,
  everyRoot,
  fewLengths,
  MIB,
  outerRoots,
  wholeContract,
  describeFailures,
  type WorldMaker,
} from '../src/conformance.ts';
import { ALL_PROGRAMS, conformance, isFull } from './support/contract.ts';
import { randomPrograms } from './support/random-programs.ts';
import { directWorld, rendezvousWorld } from './support/worlds.ts';

// All ranks are on this machine, where UNIX sockets take the place of TCP if they may.
const worlds: [string, WorldMaker][] = [
  ['direct channel', rendezvousWorld('direct', { unixSockets: false })],
  ['direct channel between neighbours', rendezvousWorld('direct')],
];
const encrypted = rendezvousWorld('direct', { encrypt: true, unixSockets: false });

for (const [name, makeWorld] of worlds) {
  conformance(name, makeWorld, isFull ? wholeContract : everyDay([1, 2, 3, 5, 8], everyRoot));
  randomPrograms(name, makeWorld, isFull ? [1, 2, 3, 5, 8, 9, 17] : [2, 3, 5, 8], ALL_PROGRAMS);
}

// TLS lies below the frames: that it carries them needs no more than these.
conformance('direct channel, encrypted', encrypted, [
  { worldSizes: isFull ? [2, 3, 8] : [3], lengths: fewLengths, roots: outerRoots },
  ...(isFull ? [{ worldSizes: [3], lengths: [8 * MIB], roots: outerRoots }] : []),
]);
randomPrograms('direct channel, encrypted', encrypted, [2, 5], isFull ? ALL_PROGRAMS : 50);

// Sockets without a rendezvous server: what no other notices, a cut, the channel must notice itself.
describeFailures('direct channel', directWorld, { noticesCuts: true, deadlineMs: 6000 });
