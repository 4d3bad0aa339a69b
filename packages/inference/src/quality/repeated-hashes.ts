/** Slices of the range of hashes that are gone through one after another, each with memory of its own. */
const SLICES = 16n;
const RANGE = 1n << 64n;
/** Slices of hashes that are evenly spread differ by less, so that one array does for all of them. */
const MORE = 1.1;

export interface RepeatedHashes {
  /** Values that occur more than once, in one part or in several. */
  readonly galaxies: number;
  /** Places of two parts with a value in common, or twice that of a part that repeats one. */
  readonly example?: readonly [number, number];
}

/** @param parts each ascending; takes little memory beside them */
export function repeatedHashes(parts: readonly BigUint64Array[]): RepeatedHashes {
  let galaxies = 0;
  let example: readonly [number, number] | undefined;
  const starts = parts.map(() => 0);
  let room = new BigUint64Array(0);
  for (let slice = 1n; slice <= SLICES; slice++) {
    const end = (slice * RANGE) / SLICES;
    const pieces = parts.map((part, index) => {
      const from = starts[index] ?? 0;
      const to = firstAtLeast(part, end);
      starts[index] = to;
      return part.subarray(from, to);
    });
    const count = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (count > room.length) room = new BigUint64Array(Math.ceil(MORE * count));
    const merged = room.subarray(0, count);
    let at = 0;
    for (const piece of pieces) {
      merged.set(piece, at);
      at += piece.length;
    }
    merged.sort();
    // As halves, of which none is an object of its own.
    const halves = new Uint32Array(merged.buffer, 0, 2 * count);
    const isAsBefore = (place: number) =>
      halves[2 * place] === halves[2 * place - 2] && halves[2 * place + 1] === halves[2 * place - 1];
    for (let place = 1; place < count; place++) {
      if (!isAsBefore(place) || (place > 1 && isAsBefore(place - 1))) continue;
      galaxies++;
      example ??= holdersOf(merged[place] ?? 0n, pieces);
    }
  }
  return { galaxies, ...(example !== undefined && { example }) };
}

/** @param holders names of two places with a galaxy in common, or twice the same one */
export function describeRepeats(galaxies: number, exact: boolean, [one, other]: readonly [string, string]): string {
  const count = `${exact ? '' : 'About '}${galaxies} ${galaxies === 1 ? 'galaxy occurs' : 'galaxies occur'} more than once`;
  return `${count} (${galaxies === 1 ? '' : 'one of them '}${one === other ? `twice in ${one}` : `in ${one} and ${other}`}).`;
}

function holdersOf(value: bigint, pieces: readonly BigUint64Array[]): readonly [number, number] | undefined {
  const holders = pieces.flatMap((piece, index) => {
    const copies = firstAtLeast(piece, value + 1n) - firstAtLeast(piece, value);
    return copies > 1 ? [index, index] : copies === 1 ? [index] : [];
  });
  const [first, second] = holders;
  return first === undefined || second === undefined ? undefined : [first, second];
}

/** Place of the first value that is not below a limit, by bisection. */
export function firstAtLeast(ascending: BigUint64Array, limit: bigint): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? limit) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
