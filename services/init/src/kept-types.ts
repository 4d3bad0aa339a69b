import { UnusableFileError, UserInputError, type KeptKind, type RunPayload } from '@cosmicai/payload';
import { keptKinds } from '@cosmicai/samples';
import { storeSource, type ObjectStore } from '@cosmicai/store';
import type { ObjectTable } from './object-table.ts';

/** Files that are looked into: each takes some requests. */
const MOST_LOOKED_INTO = 2000;

/**
 * What the columns that are kept become in all ranks of a run, by the heads of its files. What can't be opened is passed over, as its
 * rank tells it.
 *
 * @returns undefined where nothing is kept, or where there are so many files that each rank goes by its own
 * @throws UserInputError that names two files whose types have none in common, or one that lacks a column
 */
export async function keptTypes(
  { keep, columns }: RunPayload,
  store: ObjectStore,
  objects: ObjectTable,
  partitions: readonly number[],
): Promise<readonly KeptKind[] | undefined> {
  if (partitions.length > MOST_LOOKED_INTO) return undefined;
  const open = (at: number) => {
    const place = partitions[at] ?? 0;
    return storeSource(store, objects.key(place), objects.version(place));
  };
  try {
    return await keptKinds(partitions.length, open, { keep, columns, lenient: true });
  } catch (error) {
    // It is the payload that asks for what isn't there.
    throw error instanceof UnusableFileError ? new UserInputError(error.message, { cause: error }) : error;
  }
}
