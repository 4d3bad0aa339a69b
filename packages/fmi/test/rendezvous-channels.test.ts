import { allSizes, conformance, everyRoot, MIB, outerRoots, smallLengths } from './support/conformance.ts';
import { failures } from './support/failures.ts';
import { rendezvousWorld } from './support/worlds.ts';

const isFull = process.env.FMI_FULL === '1';
const everything = [
  { worldSizes: allSizes, lengths: smallLengths, roots: everyRoot },
  { worldSizes: [2, 5], lengths: [8 * MIB], roots: outerRoots },
];

describe('with a rendezvous server', () => {
  const some = isFull ? everything : [{ worldSizes: [2, 5], lengths: [0, 1, 65_537], roots: outerRoots }];
  conformance('direct channel', rendezvousWorld('direct'), some);
  conformance(
    'relay channel',
    rendezvousWorld('relay'),
    isFull ? everything : [...some, { worldSizes: [2], lengths: [8 * MIB], roots: outerRoots }],
  );
  conformance('encrypted direct channel', rendezvousWorld('direct', true), [
    { worldSizes: [3], lengths: [0, 1, 65_537], roots: outerRoots },
  ]);
  failures('relay channel', rendezvousWorld('relay'), { noticesCuts: false, deadlineMs: 1500 });
});
