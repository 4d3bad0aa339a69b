/* eslint-disable @typescript-eslint/no-non-null-assertion -- indices count down from the length of the list to 0 */
/**
 * A sum of doubles that is exact whatever the order of its terms.
 *
 * Kept as a list of non-overlapping doubles (Shewchuk, "Adaptive Precision Floating-Point Arithmetic", 1997, section 2;
 * the scheme behind Python's math.fsum), so merging the sums of many ranks gives the same number as one pass over all
 * samples. Terms and sums must stay finite: the list has no form for infinities.
 */
export class ExactSum {
  #parts: number[];

  constructor(parts: Iterable<number> = []) {
    this.#parts = [];
    for (const part of parts) this.add(part);
  }

  add(term: number): this {
    const parts = this.#parts;
    let rest = term;
    let kept = 0;
    for (const part of parts) {
      const sum = rest + part;
      // Two-sum: what rounding took from `sum`, exactly. Branching on magnitude needs fewer operations than Knuth's form.
      const error = Math.abs(rest) < Math.abs(part) ? rest - (sum - part) : part - (sum - rest);
      if (error !== 0) parts[kept++] = error;
      rest = sum;
    }
    parts.length = kept;
    if (rest !== 0) parts.push(rest);
    return this;
  }

  /** Adds a * b without rounding the product. */
  addProduct(a: number, b: number): this {
    const product = a * b;
    return this.add(product).add(productError(a, b, product));
  }

  merge(other: ExactSum): this {
    for (const part of [...other.#parts]) this.add(part);
    return this;
  }

  /** The sum, correctly rounded once. */
  get value(): number {
    const parts = this.#parts;
    let at = parts.length - 1;
    if (at < 0) return 0;
    let sum = parts[at]!;
    let error = 0;
    while (at > 0 && error === 0) {
      const part = parts[--at]!;
      const rounded = sum + part;
      error = part - (rounded - sum);
      sum = rounded;
    }
    // The rest decides only where the rounding above was an exact tie: it then says on which side the true sum lies.
    if (at > 0 && Math.sign(error) === Math.sign(parts[at - 1]!)) {
      const doubled = error * 2;
      const other = sum + doubled;
      if (doubled === other - sum) return other;
    }
    return sum;
  }

  /** Non-overlapping doubles, smallest first, whose mathematical sum is the sum. Plain JSON numbers keep them exactly. */
  get parts(): readonly number[] {
    return this.#parts;
  }
}

/** The exact product of two exact sums. */
export function exactProduct(a: ExactSum, b: ExactSum): ExactSum {
  const product = new ExactSum();
  for (const x of a.parts) for (const y of b.parts) product.addProduct(x, y);
  return product;
}

/** Dekker's splitter for 53-bit doubles, 2^27 + 1. */
const SPLITTER = 134_217_729;

/** a * b - fl(a * b), exactly (Dekker 1971, Veltkamp's splitting); JavaScript has no fused multiply-add. */
function productError(a: number, b: number, product: number): number {
  const aScaled = SPLITTER * a;
  const aHigh = aScaled - (aScaled - a);
  const aLow = a - aHigh;
  const bScaled = SPLITTER * b;
  const bHigh = bScaled - (bScaled - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}
