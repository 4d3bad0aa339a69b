import { parseJsonAs, rankResultSchema, runLayout, type RankResult, type RankTask } from '@cosmicai/payload';
import { NotFoundError, type ObjectStore } from '@cosmicai/store';

/** A rank that has data, with its result or with what is wrong about it. */
export type CollectedRank =
  { readonly task: RankTask; readonly result: RankResult } | { readonly task: RankTask; readonly missing: string };

/** Reads the result of a planned rank and checks that it is of this run, this rank and these partitions. */
export async function collectRank(store: ObjectStore, task: RankTask): Promise<CollectedRank> {
  const key = runLayout(task.RESULT_PATH, task.RUN_ID).rankResult(task.RANK);
  let text: Buffer;
  try {
    text = await store.get(key);
  } catch (error) {
    if (error instanceof NotFoundError) return { task, missing: `it left no result ${key}` };
    throw error;
  }
  try {
    const result = parseJsonAs(rankResultSchema, text.toString(), key);
    const differs = difference(task, result);
    return differs === undefined ? { task, result } : { task, missing: `${key} ${differs}` };
  } catch (error) {
    return { task, missing: (error as Error).message };
  }
}

function difference(task: RankTask, result: RankResult): string | undefined {
  if (result.run_id !== (task.RUN_ID ?? null)) return `belongs to run ${String(result.run_id)}`;
  if (result.rank !== task.RANK) return `belongs to rank ${result.rank}`;
  const read = [result.data_path].flat();
  if (read.join('\n') !== task.DATA_PATH.join('\n'))
    return `is about ${read.join(', ')}, planned was ${task.DATA_PATH.join(', ')}`;
  return undefined;
}
