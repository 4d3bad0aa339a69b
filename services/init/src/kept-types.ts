import {
  ASTROMAE,
  defined,
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

export interface KeptTypes {
  /** Undefined where nothing is kept, or nothing can be opened. */
  readonly kinds?: readonly KeptKind[];
  readonly warnings: readonly string[];
}

/**
 * What the columns that are kept become in all ranks of a run, by the heads of its files; of very many by some that are spread over them
 * evenly, which a warning tells: a rank whose files need other types fails by the name of the file. What can't be opened is passed over,
 * as its rank tells it.
 *
 * @param plan which files each rank reads
 * @throws UserInputError that names two files whose types have none in common, or one that lacks a column
 */
export async function keptTypes(
  { keep = [], columns }: Pick<RunPayload, 'keep' | 'columns'>,
  store: ObjectStore,
  objects: Pick<ObjectTable, 'key' | 'version'>,
  plan: readonly (readonly number[])[],
  most = MOST_LOOKED_INTO,
): Promise<KeptTypes> {
  if (keep.length === 0) return { warnings: [] };
  const partitions = [...new Set(plan.flat())];
  const looked = Math.min(most, partitions.length);
  const open = (at: number) => {
    const place = partitions[Math.floor((at * partitions.length) / looked)] ?? 0;
    return storeSource(store, objects.key(place), objects.version(place));
  };
  try {
    const kinds = await keptKinds(looked, open, { spec: ANY_MODEL, keep, columns, lenient: true });
    const warning = `The types of what is kept (${keep.join(', ')}) were decided by ${looked} of ${partitions.length} files, spread evenly: a rank with a file whose values these types don't hold fails and names it.`;
    return { ...defined({ kinds }), warnings: looked < partitions.length ? [warning] : [] };
  } catch (error) {
    throw ofPayload(error);
  }
}
