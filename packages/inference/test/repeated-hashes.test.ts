import * as fc from 'fast-check';
import {
  decodeHashes,
  describeRepeats,
  encodeHashes,
  PartitionChecks,
  repeatedHashes,
  sortedHashes,
} from '../src/index.ts';

const PIXELS = 5 * 32 * 32;

function hashesOf(...levels: number[]): BigUint64Array {
  const checks = new PartitionChecks();
  const images = new Float32Array(levels.length * PIXELS);
  levels.forEach((level, at) => {
    images.fill(level, at * PIXELS, (at + 1) * PIXELS);
    if (level > 0) images[at * PIXELS + 7] = level + 1;
  });
  checks.add({ count: levels.length, images, magnitudes: new Float64Array(5 * levels.length) });
  return checks.hashes.sorted();
}

describe('hashes of images', () => {
  it('are the same for the same pixels only, and none of blank images', () => {
    expect(hashesOf(1, 2, 3)).toHaveLength(3);
    expect(new Set(hashesOf(1, 2, 1, 3))).toEqual(new Set(hashesOf(3, 2, 1)));
    expect(hashesOf(0, -1, NaN)).toHaveLength(0);
  });

  it('are read back from a file, and from its front', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), (values) => {
        const sorted = sortedHashes([BigUint64Array.from(values)]);
        const file = encodeHashes(sorted);
        expect(decodeHashes(file)).toEqual(sorted);
        expect(decodeHashes(file.subarray(0, 20))).toEqual(sorted.slice(0, 2));
      }),
    );
  });
});

describe('repeatedHashes', () => {
  it('counts what occurs more than once, in one part or several', () => {
    // Few values, so that there are repeats, at both ends of the range.
    const value = fc.bigInt({ min: -6n, max: 6n }).map((n) => BigInt.asUintN(64, n));
    fc.assert(
      fc.property(fc.array(fc.array(value), { maxLength: 6 }), (lists) => {
        const parts = lists.map((list) => sortedHashes([BigUint64Array.from(list)]));
        const copies = new Map<bigint, number>();
        for (const hash of lists.flat()) copies.set(hash, (copies.get(hash) ?? 0) + 1);
        const { galaxies, example } = repeatedHashes(parts);
        expect(galaxies).toBe([...copies.values()].filter((count) => count > 1).length);
        expect(example === undefined).toBe(galaxies === 0);
        if (example === undefined) return;
        const [one = [], other = []] = example.map((place) => lists[place]);
        const shared = one.filter((hash) => other.includes(hash));
        expect(shared.length).toBeGreaterThan(example[0] === example[1] ? new Set(one).size : 0);
      }),
    );
  });

  it('is told with the places of one', () => {
    expect(describeRepeats(1, true, ['rank 3', 'rank 7'])).toBe(
      '1 galaxy occurs more than once (in rank 3 and rank 7).',
    );
    expect(describeRepeats(12, true, ['rank 3', 'rank 3'])).toBe(
      '12 galaxies occur more than once (one of them twice in rank 3).',
    );
    expect(describeRepeats(40, false, ['rank 3', 'rank 7'])).toMatch(/^About 40 galaxies/);
  });
});
