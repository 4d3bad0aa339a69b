import { everyDay, outerRoots, wholeContract, describeFailures } from '../src/conformance.ts';
import { ALL_PROGRAMS, conformance, isFull } from './support/contract.ts';
import { randomPrograms } from './support/random-programs.ts';
import { rendezvousWorld } from './support/worlds.ts';

const name = 'relay channel';
const relayed = rendezvousWorld('relay');

conformance(name, relayed, isFull ? wholeContract : everyDay([2, 5], outerRoots));
randomPrograms(name, relayed, isFull ? [1, 2, 3, 5, 8, 9, 17] : [2, 5], ALL_PROGRAMS);
// Time for 28 relays on a busy machine before anybody is asked what it waits for.
describeFailures(name, relayed, { noticesCuts: false, deadlineMs: 10_000 });
