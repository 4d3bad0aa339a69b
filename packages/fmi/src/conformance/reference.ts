import { itemAt } from '@cosmicai/payload';
import { reduction, sum, type Reduction } from '../reduction.ts';

// Looking up a global is slow within jest's contexts, and this one is needed for each of millions of numbers.
const { imul } = Math;

/** Bytes that differ by rank, length and position. */
export function bytesFor(rank: number, length: number, salt = 0): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = (rank * 2_654_435_761 + salt * 40_503 + length) >>> 0;
  for (let i = 0; i < words.length; i++) {
    // A linear congruential generator (Numerical Recipes), its weak low bits stirred: cheap, and enough to tell ranks and positions apart.
    state = (imul(state, 1_664_525) + 1_013_904_223) | 0;
    words[i] = state ^ (state >>> 15);
  }
  return new Uint8Array(words.buffer, 0, length);
}

/** A reduction of bytes, and the same written down once more as plainly as can be. */
export interface ByteReduction {
  readonly by: Reduction<Uint8Array>;
  /** Puts `left` combined with `right` over `left`. */
  readonly accumulate: (left: Uint8Array, right: Uint8Array) => void;
}

/** Associative and commutative, modulo 256. */
export const anyOrder: ByteReduction = {
  by: sum,
  accumulate: (left, right) => {
    for (let i = 0; i < left.length; i++) left[i] = (left[i] ?? 0) + (right[i] ?? 0);
  },
};

/** Neither associative nor commutative, modulo 256: any other order gives other bytes. */
export const rankOrder: ByteReduction = {
  by: reduction(
    (left: Uint8Array, right: Uint8Array): Uint8Array => {
      const result = new Uint8Array(left.length);
      for (let i = 0; i < left.length; i++) result[i] = (left[i] ?? 0) * 3 + (right[i] ?? 0) + 1;
      return result;
    },
    { name: 'three left and right and one' },
  ),
  accumulate: (left, right) => {
    for (let i = 0; i < left.length; i++) left[i] = (left[i] ?? 0) * 3 + (right[i] ?? 0) + 1;
  },
};

/** What a single process gets by going strictly from left to right. */
export function fold(values: readonly Uint8Array[], { accumulate }: ByteReduction): Uint8Array {
  const result = itemAt(values, 0).slice();
  for (const value of values.slice(1)) accumulate(result, value);
  return result;
}

/** What a single process gets for rank 0 to each rank. */
export function prefixes(values: readonly Uint8Array[], { accumulate }: ByteReduction): Uint8Array[] {
  const result: Uint8Array[] = [];
  for (const value of values) {
    const before = result.at(-1)?.slice();
    if (before !== undefined) accumulate(before, value);
    result.push(before ?? value);
  }
  return result;
}
