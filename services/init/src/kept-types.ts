import {
  ASTROMAE,
  UnusableFileError,
  UserInputError,
  type KeptKind,
  type ModelSpec,
  type RunPayload,
} from '@cosmicai/payload';
import { keptKinds } from '@cosmicai/samples';
import { storeSource, type ObjectStore } from '@cosmicai/store';
import type { ObjectTable } from './object-table.ts';

/** Files that are looked into: each takes some requests. */
const MOST_LOOKED_INTO = 2000;

/** Of the model no more is known than that predictions have columns of their own. */
export const ANY_MODEL: ModelSpec = { ...ASTROMAE, features: [] };

/** It is the payload that asks for what isn't there. */
export function ofPayload(error: unknown): unknown {
  return error instanceof UnusableFileError ? new UserInputError(error.message, { cause: error }) : error;
}

/**
 * What the columns that are kept become in all ranks of a run, by the heads of its files. What can't be opened is passed over, as its
 * rank tells it.
 *
 * @param plan which files each rank reads
 * @returns undefined where nothing is kept, or where there are so many files that each rank goes by its own
 * @throws UserInputError that names two files whose types have none in common, or one that lacks a column
 */
export async function keptTypes(
  { keep, columns }: RunPayload,
  store: ObjectStore,
  objects: ObjectTable,
  plan: readonly (readonly number[])[],
): Promise<readonly KeptKind[] | undefined> {
  const partitions = [...new Set(plan.flat())];
  if (partitions.length > MOST_LOOKED_INTO) return undefined;
  const open = (at: number) => {
    const place = partitions[at] ?? 0;
    return storeSource(store, objects.key(place), objects.version(place));
  };
  try {
    return await keptKinds(partitions.length, open, { spec: ANY_MODEL, keep, columns, lenient: true });
  } catch (error) {
    throw ofPayload(error);
  }
}
