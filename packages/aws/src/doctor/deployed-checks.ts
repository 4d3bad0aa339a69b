import {
  bucketName,
  CREATE_CONTAINERS_ROLE,
  deployAgain as deploy,
  stackProblem,
  type StackState,
  type StageOptions,
} from '@cosmicai/deploy';
import { isDenied } from '../services/aws-errors.ts';
import { rendezvousService } from '../stage/rendezvous-service.ts';
import { failed, off, ok, type Seen } from './finding.ts';
import type { FunctionState, StageView } from './stage-view.ts';

/** The stage that is looked at. */
export interface CheckedStage {
  readonly name: string;
  readonly region: string;
  readonly options: StageOptions;
}

/** What a look at something of that name came to. */
export interface Looked<Found> {
  readonly name: string;
  readonly found?: Found | undefined;
  readonly error?: unknown;
}

/** What is wrong with each of several things, as sentences; none: all is well. */
const together = (problems: readonly string[], well: () => string): Seen =>
  problems.length === 0 ? ok(well()) : failed(problems.join('\n'));

/** @param stacks the root stack first */
export function checkStacks(
  stage: CheckedStage,
  account: string,
  stacks: readonly Looked<StackState | undefined>[],
): Seen {
  const [root, ...others] = stacks;
  // Without its outputs no command finds anything of the stage, so it isn't enough to leave this open.
  if (root?.error !== undefined) return failed((root.error as Error).message);
  if (root?.found === undefined)
    return failed(
      `There is no stage ${stage.name} in ${stage.region} in the account ${account}. Deploy it with: ${deploy(stage)}`,
    );
  const broken = others.filter(({ error }) => error !== undefined && !isDenied(error));
  const seen = stacks.filter(({ error }) => error === undefined);
  const problems = [
    ...broken.map(({ error }) => (error as Error).message),
    ...seen.flatMap(({ name, found }) => stackProblem(stage, name, found) ?? []),
  ];
  const unseen = stacks.length - seen.length;
  return together(
    problems,
    () =>
      `${seen.map(({ name, found }) => `${name} ${found?.status ?? ''}`).join(', ')}${unseen > 0 ? `; ${unseen} more could not be looked at` : ''}`,
  );
}

export async function checkBucket(
  stage: CheckedStage,
  account: string,
  outputs: ReadonlyMap<string, string>,
  view: Pick<StageView, 'bucket'>,
): Promise<Seen> {
  const name = outputs.get('BucketName') ?? bucketName(stage.name, account, stage.region);
  const found = await view.bucket(name).catch((error: unknown) => {
    if (!isDenied(error)) throw error;
    return error as Error;
  });
  // Runs read and write there, so it isn't enough to leave this open.
  if (found instanceof Error)
    return failed(
      `You may not read s3://${name} (${found.message}): ask for the permissions of "cosmicai policy runner --stage ${stage.name}".`,
    );
  if (found === undefined)
    return failed(`There is no bucket ${name}, though the stage has one. Deploy it again: ${deploy(stage)}`);
  const { region = stage.region, hasPayload } = found;
  if (region !== stage.region)
    return failed(`s3://${name} is in ${region}, the stage in ${stage.region}: set region in the stage's file.`);
  return ok(
    `s3://${name} in ${region} can be read${hasPayload ? '' : `; configs/payload.json is gone, which ${deploy(stage)} writes again`}`,
  );
}

export async function checkFunctions(
  stage: CheckedStage,
  names: readonly string[],
  view: Pick<StageView, 'functionState'>,
): Promise<Seen> {
  const found = await Promise.all(names.map(async (name) => ({ name, state: await view.functionState(name) })));
  return together(
    found.flatMap(({ name, state }) => functionProblem(stage, name, state)),
    () => `${names.length} are there and active`,
  );
}

function functionProblem(stage: CheckedStage, name: string, found: FunctionState | undefined): string[] {
  if (found === undefined) return [`The function ${name} is not there. Deploy the stage again: ${deploy(stage)}`];
  const { state, lastUpdate } = found;
  const reason = found.reason === undefined ? '' : ` (${found.reason})`;
  if (state === 'Inactive')
    return [
      `${name} is inactive${reason}: Lambda took its network away as nobody called it, and its first call fails. Wake it, and look again: aws lambda invoke --region ${stage.region} --function-name ${name} /dev/null`,
    ];
  if (state === 'Pending' || lastUpdate === 'InProgress')
    return [`${name} is being made ready${reason}: look again in a minute.`];
  if (state === 'Failed' || lastUpdate === 'Failed')
    return [`${name} can't be called as deployed${reason}. Deploy the stage again: ${deploy(stage)}`];
  return [];
}

export async function checkServer(
  stage: CheckedStage,
  outputs: ReadonlyMap<string, string>,
  view: Pick<StageView, 'server'>,
): Promise<Seen> {
  const enabled = stage.options.rendezvous.enabled;
  const service = rendezvousService(outputs);
  if (service === undefined)
    return enabled
      ? failed(`The stage's file has rendezvous.enabled, but no server is deployed. Deploy it again: ${deploy(stage)}`)
      : off('the stage has no server; ranks that meet need one: set rendezvous.enabled and deploy it');
  const found = await view.server(service.cluster, service.service);
  if (found === undefined)
    return failed(`The service ${service.service} is not there. Deploy the stage again: ${deploy(stage)}`);
  const { desired, running, image, lastEvent } = found;
  const told = `${running} of ${desired} tasks run, image ${image ?? 'not known'}`;
  if (desired === 0 && service.onDemand === true)
    return ok(`it is there for runs only, and starts with the next whose ranks meet, image ${image ?? 'not known'}`);
  if (desired === 0)
    return off(
      `it is paused, and ranks can't meet. Start it with: aws ecs update-service --region ${stage.region} --cluster ${service.cluster} --service ${service.service} --desired-count 1`,
    );
  if (running < desired)
    return failed(
      `${told}${lastEvent === undefined ? '' : ` (${lastEvent})`}: look again in a minute; why a task stopped stands in the log /cosmicai/${stage.name}/rendezvous.`,
    );
  return ok(told);
}

/** @param deployed whether the stage is: deploying makes the role */
export async function checkContainersRole(
  { options }: CheckedStage,
  deployed: boolean,
  view: Pick<StageView, 'hasContainersRole'>,
): Promise<Seen> {
  if (!options.rendezvous.enabled) return off('only stages with a rendezvous server need it');
  if (await view.hasContainersRole()) return ok('the account has AWSServiceRoleForECS');
  return deployed
    ? failed(
        `The account has no role AWSServiceRoleForECS, by which ECS starts tasks. Make it: ${CREATE_CONTAINERS_ROLE}`,
      )
    : ok('the account has no AWSServiceRoleForECS yet; deploying makes it');
}
