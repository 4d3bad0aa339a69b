import { reduction, type Reduction } from '../../src/index.ts';

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

/** Neither associative nor commutative, modulo 256: any other order gives other bytes. */
export const orderedMix: Reduction<Uint8Array> = reduction(
  (left: Uint8Array, right: Uint8Array): Uint8Array => left.map((value, i) => value * 3 + right[i]! + 1),
  { name: 'orderedMix' },
);

/** What a single process gets by applying `combine` strictly left to right. */
export function fold<T>(values: readonly T[], combine: (left: T, right: T) => T): T {
  return values.slice(1).reduce((left, right) => combine(left, right), values[0]!);
}

/** What a single process gets for rank 0 to each rank. */
export function prefixes<T>(values: readonly T[], combine: (left: T, right: T) => T): T[] {
  return values.map((_, rank) => fold(values.slice(0, rank + 1), combine));
}

/** Whole arrays at once: comparing 8 MiB element by element takes minutes. */
export function sameBytes(actual: Uint8Array | undefined, expected: Uint8Array): boolean {
  return actual !== undefined && Buffer.compare(actual, expected) === 0;
}
