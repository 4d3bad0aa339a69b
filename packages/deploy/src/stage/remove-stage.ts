import { UserInputError } from '@cosmicai/payload';
import { checkAccount } from './check-account.ts';
import { bucketsOf, hasBucket } from './has-bucket.ts';
import { removeBucket } from './remove-bucket.ts';
import { slsTogether } from './run-stacks.ts';
import { bucketName, stageOptions } from './stage-options.ts';
import { functionStacks, rootStack, seeStacks, type SeenStack } from './stage-stacks.ts';

export interface RemovalOptions {
  readonly keepBucket: boolean;
  /** Is asked before anything is removed, with a sentence that says what will be. */
  readonly confirm: (what: string) => Promise<boolean>;
  /** Is told, as a line, what wasn't there. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface RemovedStage {
  readonly stage: string;
  /** Names of those that were there, in the order of their removal. */
  readonly stacks: readonly string[];
  readonly bucket: string;
  /** Versions of objects that went with the bucket; null: it stays, or wasn't there. */
  readonly objectVersions: number | null;
}

/**
 * Removes all stacks of a stage that are there, as after a deployment that ended half-way, and its bucket with every version of
 * everything in it.
 *
 * @returns undefined when it was not confirmed: nothing was removed
 * @throws UserInputError when there is nothing of the stage, EnvironmentError
 */
export async function removeStage(
  stage: string,
  { keepBucket, confirm, say, signal }: RemovalOptions,
): Promise<RemovedStage | undefined> {
  const options = stageOptions(stage);
  const { region } = options;
  process.env.AWS_REGION = region;
  const { id } = await checkAccount(options);
  const bucket = bucketName(stage, id, region);
  const seen = await seeStacks([...functionStacks(stage), rootStack(stage)], region);
  const there = seen.filter(({ found }) => found !== undefined);
  const missing = seen.filter(({ found }) => found === undefined).map(({ name }) => name);
  if (there.length === 0 && (keepBucket || !(await hasBucket(await bucketsOf(region), bucket))))
    throw new UserInputError(
      `There is nothing of stage ${stage} in ${region} in the account ${id}: none of the stacks ${missing.join(', ')}${keepBucket ? '' : `, and no bucket ${bucket}`}. Is its name right, and are these the credentials of its account?`,
    );
  const what = keepBucket
    ? `stage ${stage} (s3://${bucket} stays)`
    : `stage ${stage} with s3://${bucket} and all that is in it`;
  if (!(await confirm(`Removing ${what} from account ${id}.`))) return undefined;
  if (missing.length > 0) say(`Note: not there, so not removed: ${missing.join(', ')}`);
  const remove = async (stacks: readonly SeenStack[]) => {
    const folders = stacks.map(({ folder }) => folder);
    await slsTogether(folders, ['remove', '--stage', stage], signal);
  };
  // The functions first: nothing may write into the bucket while it is emptied.
  const isRoot = ({ name }: SeenStack) => name === rootStack(stage).name;
  await remove(there.filter((stack) => !isRoot(stack)));
  await remove(there.filter(isRoot));
  const objectVersions = keepBucket ? null : ((await removeBucket(bucket, region)) ?? null);
  return { stage, stacks: there.map(({ name }) => name), bucket, objectVersions };
}
