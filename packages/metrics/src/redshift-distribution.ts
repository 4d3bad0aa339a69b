import { itemAt, type RedshiftHistogram } from '@cosmicai/payload';
import type { ByteReader } from './reduction/byte-reader.ts';
import type { ByteWriter } from './reduction/byte-writer.ts';
import { CountsInRange, type Counts } from './reduction/counts.ts';

/** Intervals in a unit of redshift. */
const BINS = 100;
/** What lies beyond is no redshift: -1 is the limit by definition, and no galaxy has been predicted beyond 12. */
const LOWEST = -1;
const HIGHEST = 20;

const LENGTH = (HIGHEST - LOWEST) * BINS;

/** A distribution as files hold it. */
export interface KeptDistribution {
  readonly counts: Counts;
  readonly outside: number;
}

/** Counts predicted redshifts in intervals of 0.01. The same in any order and grouping. */
export class RedshiftDistribution {
  readonly #counts = new CountsInRange();
  #outside = 0;

  add(redshift: number): void {
    const bin = Math.floor((redshift - LOWEST) * BINS);
    if (bin >= 0 && bin < LENGTH) this.#counts.increase(bin, 1);
    else this.#outside++;
  }

  absorb({ counts, outside }: KeptDistribution): void {
    this.#counts.add(counts);
    this.#outside += outside;
  }

  kept(): KeptDistribution {
    return { counts: this.#counts.occupied(), outside: this.#outside };
  }

  finish(): RedshiftHistogram {
    const { keys, counts } = this.#counts.occupied();
    const first = keys[0] ?? 0;
    const all = Array.from({ length: keys.length === 0 ? 0 : itemAt(keys, keys.length - 1) - first + 1 }, () => 0);
    for (const [at, key] of keys.entries()) all[key - first] = itemAt(counts, at);
    return {
      bin_width: 1 / BINS,
      from: keys.length === 0 ? 0 : (LOWEST * BINS + first) / BINS,
      counts: all,
      outside: this.#outside,
    };
  }
}

export function writeDistribution(writer: ByteWriter, { counts, outside }: KeptDistribution): void {
  writer.whole(outside);
  writer.counts(counts, 0);
}

/** @throws UnusableFileError */
export function readDistribution(reader: ByteReader): KeptDistribution {
  const outside = reader.whole();
  return { outside, counts: reader.counts(0, LENGTH) };
}

/** The same in intervals so many times as wide, whose edges are multiples of their width. @param times a whole number */
export function coarser(
  { bin_width: width, from, counts, outside }: RedshiftHistogram,
  times: number,
): RedshiftHistogram {
  const first = Math.round(from / width);
  const start = Math.floor(first / times);
  const merged: number[] = [];
  for (const [at, count] of counts.entries()) {
    const bin = Math.floor((first + at) / times) - start;
    merged[bin] = (merged[bin] ?? 0) + count;
  }
  return { bin_width: width * times, from: start * times * width, counts: merged, outside };
}

/** The redshift below which this share of the galaxies lies, to the width of an interval; undefined of none. */
export function quantileOf({ bin_width: width, from, counts }: RedshiftHistogram, share: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let below = 0;
  for (const [at, count] of counts.entries()) {
    if (count > 0 && below + count >= share * total) return from + (at + (share * total - below) / count) * width;
    below += count;
  }
  return from + counts.length * width;
}
