import {
  isRankReference,
  parseAs,
  parseJsonAs,
  PlanChangedError,
  rankReferenceSchema,
  rankTaskSchema,
  TASK_HASH_DIGITS,
  UserInputError,
  type RankTask,
} from '@cosmicai/payload';
import { sha256Of, type ObjectStore } from '@cosmicai/store';
import { z } from 'zod';

const taskText = z.looseObject({ RUN_ID: z.string().optional(), RANK: z.coerce.number().optional() });

/**
 * The task of a rank: an item of the Map that holds it, or refers to it in the manifest, of which no more than it is read.
 *
 * @throws InvalidInputError when the item is neither, or what it leads to is no task
 * @throws UserInputError when it leads to something else than the task of this rank in this run
 * @throws PlanChangedError when it leads to another task of this rank than the one that was planned
 * @throws NotFoundError when there is no such manifest
 */
export async function rankTaskOf(item: unknown, openStore: (address: string) => ObjectStore): Promise<RankTask> {
  if (!isRankReference(item)) return parseAs(rankTaskSchema, item, 'rank task');
  const {
    MANIFEST,
    FROM,
    TO,
    TASK_HASH: planned,
    ...own
  } = parseAs(rankReferenceSchema, item, 'reference to a rank task');
  const { S3_BUCKET: bucket, RUN_ID: runId, RANK: rank } = own;
  const place = `bytes ${FROM} to ${TO} of ${MANIFEST} in ${bucket}`;
  const bytes = await openStore(bucket).getRange(MANIFEST, FROM, TO);
  if (planned !== undefined && planned !== sha256Of(bytes).slice(0, TASK_HASH_DIGITS))
    throw new PlanChangedError(
      `${MANIFEST} in ${bucket}`,
      `the task of rank ${rank} of run ${runId}, bytes ${FROM} to ${TO}, has another SHA-256`,
    );
  const found = taskAt(bytes.toString());
  if (found?.RUN_ID !== runId || found.RANK !== rank)
    throw new UserInputError(
      `There is no task of rank ${rank} of run ${runId} in ${place}: the manifest was written anew, or damaged. Go on with the run, which plans its items by the manifest as it is, or start it anew.`,
    );
  return parseAs(rankTaskSchema, { ...found, ...own }, `rank task in ${place}`);
}

function taskAt(text: string): z.output<typeof taskText> | undefined {
  try {
    return parseJsonAs(taskText, text, 'rank task');
  } catch (error) {
    if (error instanceof UserInputError) return undefined;
    throw error;
  }
}
