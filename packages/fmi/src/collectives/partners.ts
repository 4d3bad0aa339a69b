/**
 * The ranks at a distance of a power of two, either way round: all that any collective of this package ever talks to, whatever its
 * root, because binomial trees, dissemination, recursive doubling and chains only take such steps.
 */
export function partnersOf(rank: number, size: number): number[] {
  const partners = new Set<number>();
  for (let distance = 1; distance < size; distance *= 2) {
    partners.add((rank + distance) % size).add((rank + size - distance) % size);
  }
  return [...partners];
}
