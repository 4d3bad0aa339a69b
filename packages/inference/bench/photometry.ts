/*
 * How often the check of images against magnitudes finds what is wrong, and how often it warns of what isn't:
 * node packages/inference/bench/photometry.ts [galaxies in a sample] [samples] [samples with all orders of bands]
 */
import type { PartitionBatch } from '@cosmicai/torchfile';
import { PhotometrySums } from '../src/quality/photometry.ts';
import { photometryVerdict } from '../src/quality/photometry-verdict.ts';
import {
  HARMLESS,
  imageBands,
  magnitudeBands,
  only,
  OTHER_UNITS,
  otherGalaxies,
  permutations,
  scaled,
  simulated,
  type Fault,
} from '../test/photometry-faults.ts';

const [galaxies = 51, samples = 20, permutedSamples = 5] = process.argv.slice(2).map(Number);
const tally = new Map<string, Map<string, number>>();

function sample(seed: number, wanted: number, select: (batch: PartitionBatch) => PartitionBatch): PartitionBatch {
  return select(simulated(wanted, seed));
}

function verdictOf(batch: PartitionBatch, fault: Fault) {
  const sums = new PhotometrySums();
  sums.add(fault(batch));
  return photometryVerdict(sums);
}

function note(title: string, verdict: string): void {
  const counts = tally.get(title) ?? new Map<string, number>();
  counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  tally.set(title, counts);
}

const RANGES: [string, number, (batch: PartitionBatch) => PartitionBatch][] = [
  ['the faintest (r 17.4 and fainter)', 12, (batch) => only(batch, 2, 17.4, 99)],
  ['the brightest (r below 15.5)', 12, (batch) => only(batch, 2, 0, 15.5)],
  ['of nearly one magnitude (r 16.8 to 17)', 8, (batch) => only(batch, 2, 16.8, 17)],
  ['the reddest (u faintest, 20 and fainter)', 8, (batch) => only(batch, 0, 20, 99)],
];

const ORDERS = permutations([0, 1, 2, 3, 4]).slice(1);
for (let seed = 1; seed <= samples; seed++) {
  const right = sample(1000 + seed, galaxies, (batch) => batch);
  for (const [name, change] of Object.entries(HARMLESS)) note(`right: ${name}`, verdictOf(right, change).kind);
  for (const [name, times, select] of RANGES)
    note(`right: ${name}`, verdictOf(sample(2000 + seed, galaxies * times, select), (batch) => batch).kind);
  for (const [name, fault] of Object.entries(OTHER_UNITS)) note(`unit: ${name}`, verdictOf(right, fault).kind);
  note('other galaxies', verdictOf(right, otherGalaxies).kind);
  if (seed > permutedSamples) continue;
  for (const order of ORDERS) {
    const permute: Record<string, [Fault, 'images' | 'magnitudes']> = {
      'images permuted': [imageBands(order), 'images'],
      'magnitudes permuted': [magnitudeBands(order), 'magnitudes'],
      'images permuted, times 255': [(batch) => scaled(255)(imageBands(order)(batch)), 'images'],
    };
    for (const [title, [fault, which]] of Object.entries(permute)) {
      const verdict = verdictOf(right, fault);
      const exact = verdict.kind === 'permuted' && verdict[which].join() === order.join();
      note(
        title,
        verdict.kind !== 'permuted' ? verdict.kind : exact ? 'permuted, right order' : 'permuted, wrong order',
      );
    }
    const both = verdictOf(right, (batch) => imageBands(order)(magnitudeBands(order)(batch)));
    note(
      'both permuted alike',
      both.kind === 'permuted' && both.images.join() === order.join() ? 'permuted, right order' : both.kind,
    );
  }
}
for (const [title, counts] of tally) {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const parts = [...counts].sort((a, b) => b[1] - a[1]).map(([verdict, count]) => `${verdict} ${count}`);
  process.stdout.write(`${title} (${total}): ${parts.join(', ')}\n`);
}
