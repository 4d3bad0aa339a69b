import { ASTROMAE } from '@cosmicai/payload';
import type { DataFindings } from './findings.ts';
import { PhotometrySums } from './photometry.ts';
import { LEAST_GALAXIES, photometryVerdict, type PhotometryVerdict } from './photometry-verdict.ts';

export interface PartitionPhotometry {
  readonly partition: string;
  readonly photometry: PhotometrySums;
}

interface Group {
  readonly verdict: PhotometryVerdict;
  readonly sums: PhotometrySums;
  readonly partitions: string[];
}

const BANDS: readonly string[] = ASTROMAE.image.bands;
/** Partitions named in a sentence; the rest is a number. */
const NAMED = 5;
/** 1 nanomaggy in microjanskys. */
const MICROJANSKYS = 3.631;

/**
 * What images and magnitudes tell of each other, partition by partition; those with too few galaxies to tell are taken
 * together. Partitions that look the same share a sentence.
 */
export function photometryFindings(partitions: readonly PartitionPhotometry[]): DataFindings {
  const warnings: string[] = [];
  const notChecked: string[] = [];
  for (const group of groupsOf(partitions)) {
    const where = named(group.partitions);
    const warning = warningOf(group.verdict);
    if (warning !== undefined) warnings.push(`${where}: ${warning}`);
    const reason = uncheckedBecause(group);
    if (reason !== undefined) notChecked.push(`Whether images and magnitudes fit each other in ${where}: ${reason}`);
  }
  return { warnings, notChecked };
}

function groupsOf(partitions: readonly PartitionPhotometry[]): Iterable<Group> {
  const groups = new Map<string, Group>();
  const put = (sums: PhotometrySums, names: readonly string[]) => {
    const verdict = photometryVerdict(sums);
    const key = JSON.stringify(verdict.kind === 'permuted' ? [verdict.images, verdict.magnitudes] : verdict.kind);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { verdict, sums, partitions: [...names] });
    else group.partitions.push(...names);
  };
  const small = { sums: new PhotometrySums(), names: [] as string[] };
  for (const { partition, photometry } of partitions) {
    if (photometry.usable >= LEAST_GALAXIES) put(photometry, [partition]);
    else if (photometry.measured > 0) {
      small.sums.merge(photometry);
      small.names.push(partition);
    }
  }
  if (small.names.length > 0) put(small.sums, small.names);
  return groups.values();
}

function warningOf(verdict: PhotometryVerdict): string | undefined {
  switch (verdict.kind) {
    case 'agree':
    case 'too_few':
      return undefined;
    case 'permuted': {
      const { images, magnitudes, factor } = verdict;
      const orders = [
        ...(isInOrder(images) ? [] : [`the images’ bands look like ${order(images)}`]),
        ...(isInOrder(magnitudes) ? [] : [`the magnitudes look like ${order(magnitudes)}`]),
      ];
      const unit = factor === 1 ? '' : `; besides, ${otherUnit(factor)}`;
      return `${orders.join(' and ')}, expected ${BANDS.join(', ')}${unit}.`;
    }
    case 'unit':
      return `${otherUnit(verdict.factor)}.`;
    case 'unit_by_band': {
      const factors = verdict.factors.map((factor, band) => `${BANDS[band]} ${figure(factor)}`).join(', ');
      return `the images’ brightness over that which the magnitudes say differs by band (${factors}), as with units, a scaling or an offset of each band’s own; expected nanomaggies.`;
    }
    case 'unrelated':
      return `the images’ brightness doesn’t follow the magnitudes (correlation ${figure(verdict.correlation)}), as if they were of other galaxies or in another order.`;
    case 'compressed':
      return `bright images differ from faint ones by less than the magnitudes say (by ${figure(verdict.ratio)} of it), as if each was normalised by itself, or stretched (square root, asinh); expected nanomaggies.`;
  }
}

function otherUnit(factor: number): string {
  const microjanskys = Math.abs(Math.log(factor / MICROJANSKYS)) < 0.25 ? ' (microjanskys, perhaps)' : '';
  return `the images are about ${figure(factor)} times as bright as the magnitudes say${microjanskys}; expected nanomaggies, with a flux of 10^((22.5 − magnitude) / 2.5)`;
}

function uncheckedBecause({ verdict, sums }: Group): string | undefined {
  if (verdict.kind === 'too_few')
    return `of ${sums.measured} galaxies ${sums.usable} can be measured in every band, and ${LEAST_GALAXIES} are needed.`;
  if (verdict.kind === 'unit_by_band' || verdict.kind === 'unrelated' || verdict.kind === 'compressed')
    return 'the images are not in nanomaggies, so the order of their bands can’t be told.';
  return undefined;
}

function named(partitions: readonly string[]): string {
  const more = partitions.length - NAMED;
  return `${partitions.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function order(bands: readonly number[]): string {
  return bands.map((band) => BANDS[band]).join(', ');
}

function isInOrder(bands: readonly number[]): boolean {
  return bands.every((band, place) => band === place);
}

function figure(value: number): string {
  return String(Number(value.toPrecision(2)));
}
