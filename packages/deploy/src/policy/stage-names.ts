import { bucketName, type StageOptions } from '../stage/stage-options.ts';
import { stageStacks } from '../stage/stage-stacks.ts';
import { arn, type Place } from './policy.ts';

/** ARNs of what a stage has, as the stacks name it. */
export interface StageArns {
  readonly stacks: readonly string[];
  readonly functions: Readonly<Record<'init' | 'initFmi' | 'inference' | 'summarize' | 'resultSummary', string>>;
  readonly bucket: string;
  readonly dataBuckets: readonly string[];
  readonly machine: string;
  readonly roles: readonly string[];
}

/** Each function's stack. */
const FUNCTIONS = {
  init: 'init',
  initFmi: 'init',
  inference: 'inference',
  summarize: 'summarize',
  resultSummary: 'summarize',
} as const;

const nameOf = (name: keyof typeof FUNCTIONS, stage: string) => `cosmicai-${FUNCTIONS[name]}-${stage}-${name}`;

export function stageArns(stage: string, options: StageOptions, place: Place): StageArns {
  const stacks = stageStacks(stage).map(({ name }) => name);
  const functions = Object.keys(FUNCTIONS).map((key) => {
    const name = key as keyof typeof FUNCTIONS;
    return [name, arn(place, 'lambda', `function:${nameOf(name, stage)}`)] as const;
  });
  const role = (name: string) => `arn:${place.partition}:iam::${place.account}:role/${name}`;
  return {
    stacks: stacks.map((name) => arn(place, 'cloudformation', `stack/${name}/*`)),
    functions: Object.fromEntries(functions) as StageArns['functions'],
    bucket: bucketArn(place, bucketName(stage, place.account, place.region)),
    dataBuckets: options.data_buckets.map((bucket) => bucketArn(place, bucket)),
    machine: arn(place, 'states', `stateMachine:cosmicai-${stage}`),
    // With the region behind it, the name of a stage can't be the beginning of another one's.
    roles: stacks.map((stack) => role(`${stack}-${place.region}-*`)),
  };
}

export function bucketArn({ partition }: Place, bucket: string): string {
  return `arn:${partition}:s3:::${bucket}`;
}

export function logGroupArn(place: Place, name: string): string {
  return arn(place, 'logs', `log-group:${name}:*`);
}

/** The role by which ECS works for an account. */
export function containersRole({ partition, account }: Place): string {
  return `arn:${partition}:iam::${account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS`;
}
