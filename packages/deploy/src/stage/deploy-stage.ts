import type { UploadedModel } from '@cosmicai/inference';
import { UserInputError } from '@cosmicai/payload';
import { openStore } from '@cosmicai/store';
import { NO_IMAGE } from '../framework/settle-template.ts';
import { checkAccount, ranksAtOnce } from './check-account.ts';
import { layOutBucket } from './lay-out-bucket.ts';
import { ensurePackagesBucket } from './packages-bucket.ts';
import { pushImage } from './rendezvous-image.ts';
import { restingCosts } from './resting-costs.ts';
import { sls, slsTogether } from './run-stacks.ts';
import { ensureContainersRole } from './service-linked-role.ts';
import { bucketName, stageOptions, type StageOptions } from './stage-options.ts';
import { stackOutputs } from './stack-outputs.ts';
import { whyStuck } from './stack-problem.ts';
import { functionStacks, seeStacks, stageStacks } from './stage-stacks.ts';

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
  /** The rendezvous server's image gets the base that its name means now, not the one that it had. */
  readonly updateBase?: boolean;
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
  const resting = restingCosts(options);
  if (resting !== undefined) say(resting);

  for (const { name, found } of await seeStacks(stageStacks(stage), region)) {
    const why = whyStuck({ name: stage, region }, name, found);
    if (why !== undefined) throw new UserInputError(why);
  }
  if (options.deployment.bucket !== '') await ensurePackagesBucket(options.deployment.bucket, region);
  await deployRoot(stage, options, work);
  const functions = functionStacks(stage).map(({ folder }) => folder);
  await slsTogether(functions, ['deploy', '--stage', stage], signal);

  const bucket = bucketName(stage, account.id, region);
  const { payload, model } = await layOutBucket(
    openStore(`s3://${bucket}`),
    bucket,
    options,
    ranksAtOnce(options, account.concurrency),
  );
  return { stage, account: account.id, region, bucket, payload: `s3://${bucket}/${payload}`, model };
}

async function deployRoot(stage: string, options: StageOptions, work: DeploymentWork): Promise<void> {
  const { signal, updateBase = false } = work;
  const deploy = async (...parameters: string[]) => await sls('.', ['deploy', '--stage', stage, ...parameters], signal);
  if (!options.rendezvous.enabled) {
    await deploy();
    return;
  }
  await ensureContainersRole(options.region, work.say);
  const before = await stackOutputs(stage, options.region);
  // The repository must stand before an image can be pushed, and the image before the server can start.
  if (before?.has('RendezvousRepositoryUri') !== true) await deploy();
  const known = before?.get('RendezvousImageBase');
  const { tag, base } = await pushImage(stage, options, updateBase || known === NO_IMAGE ? undefined : known, signal);
  await deploy('--param', `rendezvous_image=${tag}`, '--param', `rendezvous_base=${base}`);
}
