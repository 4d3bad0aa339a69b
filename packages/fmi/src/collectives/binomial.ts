/**
 * The binomial tree over ranks counted from the root: the parent of a rank is found by clearing its lowest set bit; the subtree of
 * a rank holds the ranks from itself up to, not including, itself plus that bit.
 */
export interface TreePlace {
  readonly parent: number | undefined;
  /** Largest subtree first. */
  readonly children: readonly TreeChild[];
}

export interface TreeChild {
  readonly rank: number;
  /** Ranks of the child's subtree, the child first, in the order of their distance from the root. */
  readonly subtree: readonly number[];
}

const places = new Map<string, TreePlace>();
/** Programs use few roots and sizes again and again. */
const LARGEST_CACHE = 4096;

export function binomialPlace(rank: number, size: number, root: number): TreePlace {
  const key = `${rank} ${size} ${root}`;
  let place = places.get(key);
  if (place === undefined) {
    if (places.size >= LARGEST_CACHE) places.clear();
    place = computePlace(rank, size, root);
    places.set(key, place);
  }
  return place;
}

function computePlace(rank: number, size: number, root: number): TreePlace {
  const actual = (distance: number): number => (distance + root) % size;
  const distance = (rank + size - root) % size;
  const lowestBit = distance === 0 ? 2 ** Math.ceil(Math.log2(Math.max(size, 1))) : distance & -distance;
  const children: TreeChild[] = [];
  for (let bit = lowestBit / 2; bit >= 1; bit /= 2) {
    const first = distance + bit;
    if (first >= size) continue;
    const length = Math.min(bit, size - first);
    children.push({ rank: actual(first), subtree: Array.from({ length }, (_, i) => actual(first + i)) });
  }
  return { parent: distance === 0 ? undefined : actual(distance - lowestBit), children };
}
