// Deploys all stacks of a stage in order, lays out its bucket, and says what to do next.
import { describeUpload } from '../../packages/inference/src/index.ts';
import { visibleLines } from '../../packages/payload/src/index.ts';
import { openStore } from '../../packages/store/src/index.ts';
import { checkAccount } from './check-account.ts';
import { layOutBucket } from './lay-out-bucket.ts';
import { ensurePackagesBucket } from './packages-bucket.ts';
import { hasDocker, newestImage, pushImage } from './rendezvous-image.ts';
import { sls, slsForFunctions } from './run-stacks.ts';
import { stageCommand } from './stage-command.ts';
import { bucketName, stageOptions, type StageOptions } from './stage-options.ts';

const USAGE = `Usage: pnpm deploy:stage <stage>

Deploys CosmicAI into the AWS account of the current credentials, as config/<stage>.yml says. Deploying again updates.

Example: AWS_PROFILE=survey pnpm deploy:stage dev
`;

await stageCommand(USAGE, [], deploy);

async function deploy(stage: string): Promise<void> {
  const options = stageOptions(stage);
  const { region } = options;
  // The SDK's clients and the framework then agree with the stage's file.
  process.env.AWS_REGION = region;
  const account = await checkAccount(options);
  say(`Stage ${stage}: account ${account.id}, region ${region}, as ${account.caller}`);
  for (const warning of account.warnings) say(`Note: ${warning}`);

  if (options.deployment.bucket !== '') await ensurePackagesBucket(options.deployment.bucket, region);
  await deployRoot(stage, account.id, options);
  await slsForFunctions(['deploy', '--stage', stage]);

  const bucket = bucketName(stage, account.id, region);
  const { payload, model } = await layOutBucket(openStore(`s3://${bucket}`), bucket, options);
  if (model !== undefined) say(describeUpload(model));
  say(`
Deployed. The bucket is s3://${bucket}: put partition files (1.pt, 2.pt, …) below datasets/small/, then start a run:

  pnpm cosmicai run --target aws --stage ${stage} payload.json

s3://${bucket}/${payload} is a payload to begin with.
`);
}

async function deployRoot(stage: string, account: string, options: StageOptions): Promise<void> {
  if (!options.rendezvous.enabled) {
    await sls('.', ['deploy', '--stage', stage]);
    return;
  }
  const docker = hasDocker();
  const before = await newestImage(stage, options.region);
  // The repository must stand before an image can be pushed, and the image before the server can start.
  if (before === undefined || !docker) await sls('.', ['deploy', '--stage', stage, ...serverParameters(before)]);
  if (docker) {
    const tag = await pushImage(stage, account, options, new Date());
    await sls('.', ['deploy', '--stage', stage, ...serverParameters(tag)]);
  } else if (before === undefined) {
    say(
      'Note: Docker is not here, so the rendezvous server is set up but not started. Deploy again where Docker is; until then use payloads with fmi_enabled false.',
    );
  }
}

function serverParameters(tag: string | undefined): string[] {
  return tag === undefined ? [] : ['--param', `rendezvous_image=${tag}`, '--param', 'rendezvous_tasks=1'];
}

function say(text: string): void {
  process.stdout.write(visibleLines(`${text}\n`));
}
