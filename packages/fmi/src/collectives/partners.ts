/**
 * Worlds up to this size meet at rank 0 for small messages: two hops and 2 (n - 1) messages beat log2 n hops and n log2 n messages
 * as long as handling n messages takes less time than a hop does.
 */
const LARGEST_STAR = 16;
/** Above, rank 0's bandwidth matters more than the number of hops. */
const LARGEST_STAR_BYTES = 32 * 1024;

/** Should all ranks meet at rank 0 rather than in a tree? Every rank must come to the same answer. */
export function meetsAtStar(size: number, bytes: number): boolean {
  return size <= LARGEST_STAR && bytes <= LARGEST_STAR_BYTES;
}

/**
 * The ranks that any collective ever talks to, whatever its root: everybody in a small world; else those at a distance of a power of
 * two, either way round, because binomial trees, dissemination, recursive doubling and chains only take such steps.
 */
export function partnersOf(rank: number, size: number): number[] {
  if (size <= LARGEST_STAR) return Array.from({ length: size }, (_, other) => other).filter((other) => other !== rank);
  const partners = new Set<number>();
  for (let distance = 1; distance < size; distance *= 2) {
    partners.add((rank + distance) % size).add((rank + size - distance) % size);
  }
  return [...partners];
}
