import { stageArns, stageOptions, stagePolicy, type Identity } from '@cosmicai/deploy';
import { checkClock, checkConcurrency, checkPermissions, checkRegion } from './account-checks.ts';
import { accountView } from './account-view.ts';
import {
  checkBucket,
  checkContainersRole,
  checkFunctions,
  checkServer,
  checkStacks,
  type CheckedStage,
  type Looked,
} from './deployed-checks.ts';
import { finding, off, ok, type Finding, type Seen } from './finding.ts';
import type { StageView } from './stage-view.ts';

/**
 * Checks all that runs on a stage need, in the account of the SDK's default credentials. Changes nothing.
 *
 * @param region in place of the stage's
 * @throws UserInputError when the stage's file or the region is wrong; what is wrong in the account is a finding
 */
export async function checkStage(name: string, region?: string): Promise<Finding[]> {
  // Refuses what is no region.
  stagePolicy('runner', name, region === undefined ? {} : { region });
  const options = stageOptions(name);
  const where = region ?? options.region;
  // The store's client takes it from here.
  process.env.AWS_REGION = where;
  return await checkInView({ name, region: where, options }, accountView(where));
}

/** The checks of a stage, in the order in which one needs the other. */
export async function checkInView(stage: CheckedStage, view: StageView): Promise<Finding[]> {
  let identity: Identity | undefined;
  const credentials = await finding('credentials', async () => {
    identity = await view.identity();
    const { caller, id } = identity;
    return ok(`${caller}, account ${id}, partition ${partitionIn(caller)}`);
  });
  const clock = await finding('clock', () => checkClock(view.clockSkewMs()));
  if (identity === undefined) return [credentials, unseen('region'), clock, ...UNSEEN.map(unseen)];
  const { id: account, caller } = identity;
  const place = { partition: partitionIn(caller), region: stage.region, account };
  const arns = stageArns(stage.name, stage.options, place);
  const stacks = await Promise.all(
    arns.stacks.map((arn) => named(arn.split('/')[1] ?? '', (name) => view.stack(name))),
  );
  const [root] = stacks;
  const outputs = root?.found?.outputs;
  // Without its root stack there is nothing of a stage to look at.
  const deployed = (check: string, look: (outputs: ReadonlyMap<string, string>) => Promise<Seen>) =>
    finding(check, () => (outputs === undefined ? off('not looked at: the stage is not deployed') : look(outputs)));
  const functions = Object.values(arns.functions).map((arn) => arn.split(':').at(-1) ?? '');
  const region = await finding('region', () => checkRegion(stage.region, partitionIn(caller)));
  const looked = await Promise.all([
    finding('concurrency', async () => checkConcurrency(stage.options, await view.concurrency(), stage.region)),
    finding('stacks', () => checkStacks(stage, account, stacks)),
    deployed('bucket', (told) => checkBucket(stage, account, told, view)),
    deployed('functions', () => checkFunctions(stage, functions, view)),
    deployed('rendezvous', (told) => checkServer(stage, told, view)),
    finding('ECS role', () => checkContainersRole(stage, outputs !== undefined, view)),
    finding('permissions', () => {
      const { statements } = stagePolicy('runner', stage.name, { account, region: stage.region });
      return checkPermissions(stage.name, identity ?? { id: account, caller }, statements, view);
    }),
  ]);
  return [credentials, region, clock, ...looked];
}

const UNSEEN = ['concurrency', 'stacks', 'bucket', 'functions', 'rendezvous', 'ECS role', 'permissions'];

function unseen(check: string): Finding {
  return { check, ...off('not looked at: there are no credentials that work') };
}

async function named<Found>(name: string, look: (name: string) => Promise<Found>): Promise<Looked<Found>> {
  try {
    return { name, found: await look(name) };
  } catch (error) {
    return { name, error };
  }
}

function partitionIn(arn: string): string {
  return arn.split(':')[1] ?? 'aws';
}
