import {
  decodeHashes,
  describeRepeatedNames,
  describeRepeats,
  firstAtLeast,
  MOST_HASHES,
  repeatedHashes,
} from '@cosmicai/inference';
import type { Duplicates, RankResult, RunLayout } from '@cosmicai/payload';
import { NotFoundError, type ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';

const CONCURRENT_READS = 32;
const BYTES = 8;
const HASHES = 1n << 64n;
/** Of a run of more galaxies than are counted exactly, so many are looked at: 40 MB, and one in 200 of a billion. */
const SAMPLE = 5_000_000;

export interface DuplicateFindings {
  /** Undefined when no rank left hashes. */
  readonly duplicates: Duplicates | undefined;
  readonly warnings: readonly string[];
  readonly notChecked: readonly string[];
}

/** What ranks leave hashes of. */
interface Hashed {
  readonly keyOf: (layout: Layout, rank: number) => string;
  /** A sentence. @param ranks two that have one in common, or twice the one that has it twice */
  readonly describe: (count: number, exact: boolean, ranks: readonly [string, string]) => string;
  /** @param ranks those that left none */
  readonly unchecked: (ranks: string) => string;
}

type Layout = Pick<RunLayout, 'rankHashes' | 'rankNames'>;

export const IMAGES: Hashed = {
  keyOf: ({ rankHashes }, rank) => rankHashes(rank),
  describe: describeRepeats,
  unchecked: (ranks) => `Whether galaxies of ${ranks} occur more than once: no hashes of the images were left there.`,
};

export const NAMES: Hashed = {
  keyOf: ({ rankNames }, rank) => rankNames(rank),
  describe: (count, exact, ranks) => `Of all ranks together: ${describeRepeatedNames(count, exact, ranks)}`,
  unchecked: (ranks) => `Whether galaxies of ${ranks} have names of others: no hashes of names were left there.`,
};

/**
 * Galaxies, or names of galaxies, that more than one place of a run holds, by the hashes that its ranks left: all of them up to `mostHashes`,
 * beyond that the smallest ones, which are a sample that is the same in every rank.
 */
export async function findDuplicates(
  store: ObjectStore,
  layout: Layout,
  results: readonly Pick<RankResult, 'rank' | 'samples'>[],
  { keyOf, describe, unchecked }: Hashed = IMAGES,
  mostHashes = MOST_HASHES,
): Promise<DuplicateFindings> {
  const samples = results.reduce((sum, result) => sum + result.samples, 0);
  const exact = samples <= mostHashes;
  const sample = Math.min(mostHashes, SAMPLE);
  const limit = exact ? HASHES : (HASHES * BigInt(sample)) / BigInt(samples);
  const share = exact ? 1 : sample / samples;
  const read = await pMap(
    results,
    async ({ rank, samples: count }) => {
      try {
        const key = keyOf(layout, rank);
        return {
          rank,
          hashes: exact ? decodeHashes(await store.get(key)) : await below(store, key, limit, share * count),
        };
      } catch (error) {
        if (error instanceof NotFoundError) return { rank, hashes: undefined };
        throw error;
      }
    },
    { concurrency: CONCURRENT_READS },
  );
  const left = read.flatMap(({ rank, hashes }) => (hashes === undefined ? [] : [{ rank, hashes }]));
  const without = read.flatMap(({ rank, hashes }) => (hashes === undefined ? [rank] : []));
  const { galaxies: found, example } = repeatedHashes(left.map(({ hashes }) => hashes));
  const galaxies = Math.round(found / share);
  const nameOf = (place: number) => `rank ${left[place]?.rank}`;
  return {
    duplicates: left.length === 0 ? undefined : { galaxies, exact },
    warnings: example === undefined ? [] : [describe(galaxies, exact, [nameOf(example[0]), nameOf(example[1])])],
    notChecked:
      without.length === 0 ? [] : [unchecked(without.length === 1 ? `rank ${without[0]}` : `${without.length} ranks`)],
  };
}

/** The hashes below a limit from the front of a file, of which about so many are expected; in the memory that they are read into. */
async function below(store: ObjectStore, key: string, limit: bigint, expected: number): Promise<BigUint64Array> {
  // Five standard deviations of a Poisson number more: one read nearly always.
  const step = BYTES * Math.ceil(expected + 5 * Math.sqrt(expected) + 10);
  const parts: BigUint64Array[] = [];
  for (let start = 0; ; start += step) {
    const hashes = decodeHashes(await store.getRange(key, start, start + step));
    const isLast = hashes.length < step / BYTES || (hashes.at(-1) ?? limit) >= limit;
    parts.push(upToTwice(hashes.subarray(0, firstAtLeast(hashes, limit))));
    if (isLast) break;
  }
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return only;
  const all = new BigUint64Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => {
    all.set(part, at);
    return at + part.length;
  }, 0);
  return all;
}

/** Each value at most twice, in the front of the same memory: two copies tell as much as a million, which would need memory. */
function upToTwice(ascending: BigUint64Array): BigUint64Array {
  let count = 0;
  for (const value of ascending) {
    if (count < 2 || value !== ascending[count - 2]) ascending[count++] = value;
  }
  return ascending.subarray(0, count);
}
