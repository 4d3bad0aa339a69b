/** How often each of some whole numbers occurred: those that did, ascending. */
export interface Counts {
  readonly keys: Int32Array;
  /** As long; whole numbers from 1 on. */
  readonly counts: Float64Array;
}

/** Counts of whole numbers that lie close together: adding is an array access, and memory follows the range that occurs. */
export class CountsInRange {
  #from = 0;
  #counts = new Float64Array(0);

  increase(key: number, by: number): void {
    if (key < this.#from || key >= this.#from + this.#counts.length) this.#reach(key, key + 1);
    const at = key - this.#from;
    this.#counts[at] = (this.#counts[at] ?? 0) + by;
  }

  add({ keys, counts }: Counts): void {
    const [first, last] = [keys[0], keys.at(-1)];
    if (first === undefined || last === undefined) return;
    this.#reach(first, last + 1);
    const all = this.#counts;
    for (let at = 0; at < keys.length; at++) {
      const place = (keys[at] ?? 0) - this.#from;
      all[place] = (all[place] ?? 0) + (counts[at] ?? 0);
    }
  }

  occupied(): Counts {
    let occupied = 0;
    for (const count of this.#counts) if (count !== 0) occupied++;
    const keys = new Int32Array(occupied);
    const counts = new Float64Array(occupied);
    let to = 0;
    for (let at = 0; at < this.#counts.length; at++) {
      const count = this.#counts[at] ?? 0;
      if (count === 0) continue;
      keys[to] = this.#from + at;
      counts[to++] = count;
    }
    return { keys, counts };
  }

  /** Makes room for the numbers from `start` to before `end`, and some more where it grows. */
  #reach(start: number, end: number): void {
    const length = this.#counts.length;
    if (length > 0 && start >= this.#from && end <= this.#from + length) return;
    const from = length === 0 ? start : Math.min(start, this.#from - (start < this.#from ? length >> 1 : 0));
    const until =
      length === 0 ? end : Math.max(end, this.#from + length + (end > this.#from + length ? length >> 1 : 0));
    const grown = new Float64Array(until - from);
    if (length > 0) grown.set(this.#counts, this.#from - from);
    this.#from = from;
    this.#counts = grown;
  }
}

/** The sum of all counts. */
export function totalOf({ counts }: Counts): number {
  // A loop: `reduce` makes an object of each sum, which is a megabyte of garbage a rank.
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}
