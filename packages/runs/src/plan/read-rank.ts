import {
  parseJsonAs,
  rankResultSchema,
  runLayout,
  UserInputError,
  type RankResult,
  type RankTask,
  type WrittenFile,
} from '@cosmicai/payload';
import {
  ChangedError,
  hashObject,
  isSealBroken,
  NotFoundError,
  sha256Of,
  type ObjectStore,
  type VersionOptions,
} from '@cosmicai/store';
import { differenceFromTask } from './check-result.ts';
import { differenceFromHash } from './difference-from-hash.ts';
import { resultWhereItLies } from './where-it-lies.ts';

/** Why a rank counts as failed though no error of its own is known. */
export interface MissingRank {
  readonly error: 'NoResult' | 'ResultDamaged' | 'PredictionsDamaged' | 'HashesDamaged' | 'ReductionDamaged';
  readonly cause: string;
  /** Key of what is damaged; default: the rank's result. */
  readonly file?: string;
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
    const result = resultWhereItLies(parseJsonAs(rankResultSchema, text, key), task);
    const differs = differenceFromTask(task, result);
    if (differs !== undefined) return damaged(`${key} ${differs}`);
    return isSealBroken(text)
      ? damaged(`${key} is not what the rank wrote: its seal is broken`)
      : { task, result, text };
  } catch (error) {
    if (error instanceof UserInputError) return damaged(error.message);
    throw error;
  }
}

/** Reads what a rank predicted, as it wrote it. @returns what is wrong where something else lies there */
export async function readPredictions(
  store: ObjectStore,
  result: RankResult,
): Promise<{ readonly bytes: Buffer } | { readonly missing: MissingRank }> {
  const { predictions_file: file, predictions_key: key } = result;
  return await asWritten(result, async (version) => {
    const bytes = await store.get(key, version);
    return { sha256: file && sha256Of(bytes), size: bytes.length, bytes };
  });
}

/**
 * Looks whether the store has a rank's predictions as the rank left them: the same size and etag, which change with the content, so
 * that nothing need be read. Only where the etag is another, as in a copy of the run, their SHA-256 decides.
 *
 * @returns what is wrong where they aren't
 */
export async function changedPredictions(store: ObjectStore, result: RankResult): Promise<MissingRank | undefined> {
  const { predictions_file: file, predictions_key: key } = result;
  const found = await store.head(key);
  return file !== undefined && found?.size === file.size && found.etag === file.etag
    ? undefined
    : await damagedPredictions(store, result);
}

/** The files of hashes that a rank left: of its images, and of its galaxies' names. */
export function hashFilesOf({ hashes_file: hashes, names_file: names }: RankResult): readonly WrittenFile[] {
  return [hashes, names].filter((file) => file !== undefined);
}

/**
 * Looks whether the hashes of a rank's images and names are as the rank left them.
 *
 * @param byContent read all of them; else the store's size and etag are enough, as of predictions
 * @returns what is wrong where they aren't
 */
export async function changedHashes(
  store: ObjectStore,
  result: RankResult,
  byContent: boolean,
): Promise<MissingRank | undefined> {
  for (const file of hashFilesOf(result)) {
    const found = byContent ? undefined : await store.head(file.key);
    if (found?.size === file.size && found.etag === file.etag) continue;
    const problem = await damagedFile(store, file, 'HashesDamaged');
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Reads all of a file that a rank left beside its predictions. @returns what is wrong where it isn't as it was */
export async function damagedFile(
  store: ObjectStore,
  { key, sha256 }: Pick<WrittenFile, 'key' | 'sha256'>,
  error: MissingRank['error'],
): Promise<MissingRank | undefined> {
  const problem = await differenceFromHash(store, key, sha256);
  return problem === undefined ? undefined : { error, cause: `${key} ${problem}`, file: key };
}

/** Looks whether a rank's predictions are what it wrote, without holding them. @returns what is wrong where they aren't */
export async function damagedPredictions(store: ObjectStore, result: RankResult): Promise<MissingRank | undefined> {
  const { predictions_file: file, predictions_key: key } = result;
  const left = await asWritten(result, async (version) => {
    const found = await store.head(key);
    if (found === undefined) throw new NotFoundError(store.url, key);
    return { sha256: file && (await hashObject(store, key, version)), size: found.size };
  });
  return 'missing' in left ? left.missing : undefined;
}

/** @param read of the version that the rank wrote, or of what lies there where that is gone */
async function asWritten<Read extends { readonly sha256: string | undefined; readonly size: number }>(
  { predictions_key: key, predictions_file: file }: RankResult,
  read: (version: VersionOptions) => Promise<Read>,
): Promise<Read | { readonly missing: MissingRank }> {
  const damaged = (cause: string) => ({ missing: { error: 'PredictionsDamaged', cause, file: key } as const });
  try {
    const found = await read(file === undefined ? {} : { ifMatch: file.etag });
    return file === undefined || found.sha256 === file.sha256
      ? found
      : damaged(`${key} is not what the rank wrote: its SHA-256 is another`);
  } catch (error) {
    if (error instanceof NotFoundError) return damaged(`its predictions ${key} are gone`);
    if (!(error instanceof ChangedError) || file === undefined) throw error;
  }
  // A copy of the run has etags of its own: what counts then are the bytes.
  const found = await read({});
  return found.sha256 === file.sha256
    ? found
    : damaged(
        `${key} has changed since the rank wrote it: ${file.size} bytes then, ${found.size} now, and another SHA-256`,
      );
}
