import { checkAccount } from './check-account.ts';
import { removeBucket } from './remove-bucket.ts';
import { sls, slsForFunctions } from './run-stacks.ts';
import { bucketName, stageOptions } from './stage-options.ts';

export interface RemovalOptions {
  readonly keepBucket: boolean;
  /** Is asked before anything is removed, with a sentence that says what will be. */
  readonly confirm: (what: string) => Promise<boolean>;
  readonly signal: AbortSignal;
}

export interface RemovedStage {
  readonly stage: string;
  readonly bucket: string;
  /** Versions of objects that went with the bucket; null: it stays, or wasn't there. */
  readonly objectVersions: number | null;
}

/**
 * Removes all stacks of a stage, and its bucket with every version of everything in it.
 *
 * @returns undefined when it was not confirmed: nothing was removed
 * @throws UserInputError, EnvironmentError
 */
export async function removeStage(
  stage: string,
  { keepBucket, confirm, signal }: RemovalOptions,
): Promise<RemovedStage | undefined> {
  const options = stageOptions(stage);
  const { region } = options;
  process.env.AWS_REGION = region;
  const { id } = await checkAccount(options);
  const bucket = bucketName(stage, id, region);
  const what = keepBucket
    ? `stage ${stage} (s3://${bucket} stays)`
    : `stage ${stage} with s3://${bucket} and all that is in it`;
  if (!(await confirm(`Removing ${what} from account ${id}.`))) return undefined;
  // The functions first: nothing may write into the bucket while it is emptied.
  await slsForFunctions(['remove', '--stage', stage], signal);
  await sls('.', ['remove', '--stage', stage], signal);
  const objectVersions = keepBucket ? null : ((await removeBucket(bucket, region)) ?? null);
  return { stage, bucket, objectVersions };
}
