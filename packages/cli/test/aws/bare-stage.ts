import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { CreateStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { startStandIn, type ServedFunction, type StandInOptions } from '@cosmicai/aws-standin';
import { loadDefinition, localFunctions } from '@cosmicai/local';
import { Workspace } from '../support/workspace.ts';
import { SteeredRanks } from './steered-ranks.ts';

export const STAGE = 'bare';
const MACHINE = fileURLToPath(new URL('../../../../state-machine.asl.yml', import.meta.url));

/**
 * The deployed state machine on a stand-in for AWS with the bundles of this repository as functions: what commands look at, without
 * the minute that deploying the stacks takes.
 */
export interface BareStage {
  /** What commands need to reach it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly bucket: string;
  readonly ranks: SteeredRanks;
  stop(): Promise<void>;
}

export interface BareStageOptions {
  readonly modelPath: string;
  /** Of the functions, beside what they need to reach the stage. */
  readonly functionEnvironment?: Readonly<Record<string, string>>;
  /** Of the root stack, beside those of every stage. */
  readonly outputs?: Readonly<Record<string, string>>;
  /** Of the root stack, beside the bucket. */
  readonly resources?: Readonly<Record<string, object>>;
  /** What runs where the stack has a service of ECS. */
  readonly tasks?: NonNullable<StandInOptions['tasks']>;
}

/** A user's folder, and a bare stage that they reach from there. */
export class UserOfBareStage {
  workspace!: Workspace;
  stage!: BareStage;

  /**
   * Registers what makes both ready before all tests, and ends them after.
   *
   * @param survey what lies in the folder `parts`
   * @param options asked for when the tests begin
   */
  constructor(
    survey: { count: number; files: number },
    options: () => Omit<BareStageOptions, 'modelPath'> = () => ({}),
  ) {
    beforeAll(async () => {
      this.workspace = new Workspace();
      await this.workspace.survey('parts', survey);
      this.stage = await startBareStage({ modelPath: this.workspace.modelPath, ...options() });
      // The tests look at the bucket as well.
      Object.assign(process.env, this.stage.environment);
    }, 240_000);
    afterAll(async () => {
      await this.stage.stop();
      this.workspace.remove();
    });
  }

  readonly cosmicai = (...args: string[]) =>
    this.workspace.cosmicai(args, { environment: { ...this.stage.environment } });

  /** The same, to be steered while it is at work. */
  readonly start = (...args: string[]) => this.workspace.start(args, { environment: { ...this.stage.environment } });
}

async function startBareStage(options: BareStageOptions): Promise<BareStage> {
  const { modelPath, functionEnvironment = {}, outputs = {}, resources = {}, tasks } = options;
  const ranks = new SteeredRanks();
  const functions = await bundles(modelPath);
  const aws = await startStandIn({
    functions,
    functionEnvironment,
    intercept: ranks.intercept,
    ...(tasks && { tasks }),
  });
  const client = {
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: { accessKeyId: 'deployer', secretAccessKey: 'test' },
  };
  const definition = loadDefinition(MACHINE, {
    variables: {
      'sls:stage': STAGE,
      'self:custom.options.map_execution_type': 'STANDARD',
      'self:custom.options.infer_qualifier': '',
    },
  });
  const { stateMachineArn } = await new SFNClient(client).send(
    new CreateStateMachineCommand({
      name: `cosmicai-${STAGE}`,
      definition: JSON.stringify(definition),
      roleArn: `arn:aws:iam::${aws.account}:role/workflow`,
    }),
  );
  const bucket = `cosmicai-${STAGE}-${aws.account}-${aws.region}`;
  const template = {
    Resources: { Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: bucket } }, ...resources },
    Outputs: {
      BucketName: { Value: { Ref: 'Bucket' } },
      WorkflowArn: { Value: stateMachineArn },
      ...Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, { Value: value }])),
    },
  };
  // Of the functions' stacks commands ask whether they are there.
  const empty = { Resources: { Nothing: { Type: 'AWS::CloudFormation::WaitConditionHandle' } } };
  const stacks = {
    [`cosmicai-${STAGE}`]: template,
    ...Object.fromEntries(['init', 'inference', 'summarize'].map((part) => [`cosmicai-${part}-${STAGE}`, empty])),
  };
  const stage = new CloudFormationClient(client);
  for (const [StackName, each] of Object.entries(stacks))
    await stage.send(new CreateStackCommand({ StackName, TemplateBody: JSON.stringify(each) }));
  return { environment: aws.env, bucket, ranks, stop: () => aws.close() };
}

async function bundles(modelPath: string): Promise<ServedFunction[]> {
  const local = await localFunctions({ modelPath, memoryMiB: 3008, concurrency: 2, store: undefined });
  const served = (
    name: string,
    { bundle, handler, memoryMiB, timeoutSeconds, environment = {} }: Local,
  ): ServedFunction => ({
    name,
    folder: dirname(bundle),
    handler: `handler.${handler}`,
    memoryMb: memoryMiB,
    timeoutSeconds,
    environment,
  });
  return [
    served(`cosmicai-init-${STAGE}-init`, local.init),
    served(`cosmicai-init-${STAGE}-initFmi`, local.initFmi),
    served(`cosmicai-inference-${STAGE}-inference`, local.infer),
    served(`cosmicai-summarize-${STAGE}-summarize`, local.summarize),
  ];
}

type Local = Awaited<ReturnType<typeof localFunctions>>['init'];
