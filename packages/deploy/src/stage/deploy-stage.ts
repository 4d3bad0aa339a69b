import type { UploadedModel } from '@cosmicai/inference';
import { openStore } from '@cosmicai/store';
import { checkAccount } from './check-account.ts';
import { layOutBucket } from './lay-out-bucket.ts';
import { ensurePackagesBucket } from './packages-bucket.ts';
import { hasDocker, newestImage, pushImage } from './rendezvous-image.ts';
import { sls, slsForFunctions } from './run-stacks.ts';
import { bucketName, stageOptions, type StageOptions } from './stage-options.ts';

export interface DeployedStage {
  readonly stage: string;
  readonly account: string;
  readonly region: string;
  readonly bucket: string;
  /** Address of a payload to begin with. */
  readonly payload: string;
  /** Undefined: the stage names no model, or it isn't there. */
  readonly model: UploadedModel | undefined;
}

export interface DeploymentWork {
  /** Is told, as lines, what is being done and what to look out for. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Deploys all stacks of a stage in order into the account of the SDK's default credentials, as config/<stage>.yml says, and lays
 * out its bucket. Deploying again updates. What the framework prints goes to stderr.
 *
 * @throws UserInputError, EnvironmentError
 */
export async function deployStage(stage: string, work: DeploymentWork): Promise<DeployedStage> {
  const { say, signal } = work;
  const options = stageOptions(stage);
  const { region } = options;
  // The SDK's clients and the framework then agree with the stage's file.
  process.env.AWS_REGION = region;
  const account = await checkAccount(options);
  say(`Stage ${stage}: account ${account.id}, region ${region}, as ${account.caller}`);
  for (const warning of account.warnings) say(`Note: ${warning}`);

  if (options.deployment.bucket !== '') await ensurePackagesBucket(options.deployment.bucket, region);
  await deployRoot(stage, account.id, options, work);
  await slsForFunctions(['deploy', '--stage', stage], signal);

  const bucket = bucketName(stage, account.id, region);
  const { payload, model } = await layOutBucket(openStore(`s3://${bucket}`), bucket, options);
  return { stage, account: account.id, region, bucket, payload: `s3://${bucket}/${payload}`, model };
}

async function deployRoot(
  stage: string,
  account: string,
  options: StageOptions,
  { say, signal }: DeploymentWork,
): Promise<void> {
  if (!options.rendezvous.enabled) {
    await sls('.', ['deploy', '--stage', stage], signal);
    return;
  }
  const docker = hasDocker();
  const before = await newestImage(stage, options.region);
  // The repository must stand before an image can be pushed, and the image before the server can start.
  if (before === undefined || !docker)
    await sls('.', ['deploy', '--stage', stage, ...serverParameters(before)], signal);
  if (docker) {
    const tag = await pushImage(stage, account, options, new Date(), signal);
    await sls('.', ['deploy', '--stage', stage, ...serverParameters(tag)], signal);
  } else if (before === undefined) {
    say(
      'Note: Docker is not here, so the rendezvous server is set up but not started. Deploy again where Docker is; until then use payloads with fmi_enabled false.',
    );
  }
}

function serverParameters(tag: string | undefined): string[] {
  return tag === undefined ? [] : ['--param', `rendezvous_image=${tag}`, '--param', 'rendezvous_tasks=1'];
}
