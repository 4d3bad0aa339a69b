import { itemAt, type RedshiftHistogram } from '@cosmicai/payload';

/** Intervals in a unit of redshift. */
const BINS = 100;
/** What lies beyond is no redshift: -1 is the limit by definition, and no galaxy has been predicted beyond 12. */
const LOWEST = -1;
const HIGHEST = 20;

/** Counts predicted redshifts in intervals of 0.01. The same in any order and grouping. */
export class RedshiftDistribution {
  readonly #counts = new Uint32Array((HIGHEST - LOWEST) * BINS);
  #outside = 0;

  add(redshift: number): void {
    const bin = Math.floor((redshift - LOWEST) * BINS);
    if (bin >= 0 && bin < this.#counts.length) this.#counts[bin] = itemAt(this.#counts, bin) + 1;
    else this.#outside++;
  }

  finish(): RedshiftHistogram {
    const first = this.#counts.findIndex((count) => count > 0);
    const last = this.#counts.findLastIndex((count) => count > 0);
    return {
      bin_width: 1 / BINS,
      from: first < 0 ? 0 : (LOWEST * BINS + first) / BINS,
      counts: first < 0 ? [] : [...this.#counts.subarray(first, last + 1)],
      outside: this.#outside,
    };
  }
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
