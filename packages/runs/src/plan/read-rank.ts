import {
  parseJsonAs,
  rankResultSchema,
  runLayout,
  UserInputError,
  type RankResult,
  type RankTask,
} from '@cosmicai/payload';
import { ChangedError, NotFoundError, sha256Of, type ObjectStore } from '@cosmicai/store';
import { differenceFromTask } from './check-result.ts';

/** Why a rank counts as failed though no error of its own is known. */
export interface MissingRank {
  readonly error: 'NoResult' | 'ResultDamaged' | 'PredictionsDamaged' | 'HashesDamaged';
  readonly cause: string;
}

/** A rank that has data, with its result or with what is wrong about it. */
export type RankLeft =
  | { readonly task: RankTask; readonly result: RankResult; readonly text: string }
  | { readonly task: RankTask; readonly missing: MissingRank };

/** Reads the result of a planned rank and checks that it is of this run, this rank, these partitions and this model. */
export async function readRank(store: ObjectStore, task: RankTask): Promise<RankLeft> {
  const key = runLayout(task.RESULT_PATH, task.RUN_ID).rankResult(task.RANK);
  let text: string;
  try {
    text = (await store.get(key)).toString();
  } catch (error) {
    if (error instanceof NotFoundError)
      return { task, missing: { error: 'NoResult', cause: `it left no result ${key}` } };
    throw error;
  }
  const damaged = (cause: string) => ({ task, missing: { error: 'ResultDamaged', cause } as const });
  try {
    const result = parseJsonAs(rankResultSchema, text, key);
    const differs = differenceFromTask(task, result);
    return differs === undefined ? { task, result, text } : damaged(`${key} ${differs}`);
  } catch (error) {
    if (error instanceof UserInputError) return damaged(error.message);
    throw error;
  }
}

/** Reads what a rank predicted, as it wrote it. @returns what is wrong where something else lies there */
export async function readPredictions(
  store: ObjectStore,
  { predictions_key: key, predictions_file: file }: RankResult,
): Promise<{ readonly bytes: Buffer } | { readonly missing: MissingRank }> {
  const damaged = (cause: string) => ({ missing: { error: 'PredictionsDamaged', cause } as const });
  try {
    const bytes = await store.get(key, file && { ifMatch: file.etag });
    return file === undefined || sha256Of(bytes) === file.sha256
      ? { bytes }
      : damaged(`${key} is not what the rank wrote: its SHA-256 is another`);
  } catch (error) {
    if (error instanceof NotFoundError) return damaged(`its predictions ${key} are gone`);
    if (!(error instanceof ChangedError) || file === undefined) throw error;
  }
  // A copy of the run has etags of its own: what counts then are the bytes.
  const bytes = await store.get(key);
  return sha256Of(bytes) === file.sha256
    ? { bytes }
    : damaged(
        `${key} has changed since the rank wrote it: ${file.size} bytes then, ${bytes.length} now, and another SHA-256`,
      );
}
