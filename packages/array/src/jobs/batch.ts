import { FARGATE_SIZES, shellWord, UserInputError } from '@cosmicai/payload';
import { readableAddress } from '@cosmicai/store';
import { stringify } from 'yaml';
import {
  ATTEMPTS,
  commandLine,
  nameOf,
  partsOf,
  rankArguments,
  summarizeArguments,
  type ArrayJob,
  type GeneratedFile,
  type Part,
} from './array-job.ts';
import { checkName } from './checks.ts';

/** An array job of AWS Batch has 2 to 10,000 children. */
const MOST_TASKS = 10_000;

export interface BatchOptions {
  /** `spot` (default): at Fargate's spot price, where AWS may take tasks away at two minutes' notice. */
  readonly capacity?: 'spot' | 'on-demand' | undefined;
}

/**
 * A stack with a compute environment, a queue, a job definition and what its tasks are allowed, and the commands that submit the ranks
 * of the run to it, 10,000 an array, and then what combines them.
 *
 * @throws UserInputError when results or data lie on this machine, Fargate has no such tasks, or no container can be called like the image
 */
export function batchFiles(job: ArrayJob, { capacity = 'spot' }: BatchOptions = {}): GeneratedFile[] {
  checkName('container image', job.image);
  checkFargate(job);
  const [folder] = isOnS3(job) ? job.folders : [readableAddress(job.place.bucket)];
  if (folder !== undefined)
    throw new UserInputError(
      `The run reads or writes ${folder}, which tasks of AWS Batch don't see: plan it with results and data in a bucket.`,
    );
  return [
    { name: 'template.yaml', text: stringify(template(job, capacity), { aliasDuplicateObjects: false }) },
    { name: 'submit.sh', text: submitScript(job), executable: true },
  ];
}

/** Whole vCPUs of a Fargate task, and the memory that goes with each. */
const FARGATE = new Map(
  Object.entries(FARGATE_SIZES)
    .map(([units, memory]) => [Number(units) / 1024, memory] as const)
    .filter(([cpus]) => Number.isInteger(cpus)),
);

/** @throws UserInputError when Fargate has no task of such a size */
export function checkFargate({ cpus, memory }: Pick<ArrayJob, 'cpus' | 'memory'>): void {
  const allowed = FARGATE.get(cpus);
  if (allowed === undefined)
    throw new UserInputError(
      `A task of Fargate can't have ${cpus} cores: give --cpus ${[...FARGATE.keys()].join(', ')}.`,
    );
  const [from = 0, to = 0, step = 1] = allowed;
  if (memory >= from && memory <= to && memory % step === 0) return;
  throw new UserInputError(
    `A task of Fargate with --cpus ${cpus} can't have ${memory} MB: give --memory ${from} to ${to} in steps of ${step}.`,
  );
}

const tasksMayBe = (service: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
});

function template(job: ArrayJob, capacity: NonNullable<BatchOptions['capacity']>): object {
  const { cpus, memory, image } = job;
  return {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: 'Queue and job definition for the ranks of CosmicAI runs on AWS Batch (Fargate).',
    Parameters: {
      Subnets: {
        Type: 'List<AWS::EC2::Subnet::Id>',
        Description: 'Subnets that reach S3 and the registry of the image',
      },
      SecurityGroups: {
        Type: 'List<AWS::EC2::SecurityGroup::Id>',
        Description: 'Groups of the tasks; none needs to let anything in',
      },
      MaxVcpus: { Type: 'Number', Default: cpus * Math.min(job.run.world_size, job.run.max_concurrency), MinValue: 1 },
      Image: { Type: 'String', Default: image },
      AssignPublicIp: { Type: 'String', Default: 'DISABLED', AllowedValues: ['DISABLED', 'ENABLED'] },
    },
    Resources: {
      ComputeEnvironment: {
        Type: 'AWS::Batch::ComputeEnvironment',
        Properties: {
          Type: 'MANAGED',
          ComputeResources: {
            Type: capacity === 'spot' ? 'FARGATE_SPOT' : 'FARGATE',
            MaxvCpus: { Ref: 'MaxVcpus' },
            Subnets: { Ref: 'Subnets' },
            SecurityGroupIds: { Ref: 'SecurityGroups' },
          },
        },
      },
      Queue: {
        Type: 'AWS::Batch::JobQueue',
        Properties: {
          Priority: 1,
          ComputeEnvironmentOrder: [{ Order: 1, ComputeEnvironment: { Ref: 'ComputeEnvironment' } }],
        },
      },
      Logs: { Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 30 } },
      ExecutionRole: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: tasksMayBe('ecs-tasks.amazonaws.com'),
          ManagedPolicyArns: [
            { 'Fn::Sub': 'arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy' },
          ],
        },
      },
      TaskRole: {
        Type: 'AWS::IAM::Role',
        Properties: {
          AssumeRolePolicyDocument: tasksMayBe('ecs-tasks.amazonaws.com'),
          Policies: [
            { PolicyName: 'data-and-results', PolicyDocument: { Version: '2012-10-17', Statement: rights(job) } },
          ],
        },
      },
      Ranks: {
        Type: 'AWS::Batch::JobDefinition',
        Properties: {
          Type: 'container',
          PlatformCapabilities: ['FARGATE'],
          RetryStrategy: {
            Attempts: ATTEMPTS,
            EvaluateOnExit: [
              // Wrong input: another try would fail as well.
              { OnExitCode: '2', Action: 'EXIT' },
              { OnReason: '*', Action: 'RETRY' },
            ],
          },
          ContainerProperties: {
            Image: { Ref: 'Image' },
            ExecutionRoleArn: { 'Fn::GetAtt': ['ExecutionRole', 'Arn'] },
            JobRoleArn: { 'Fn::GetAtt': ['TaskRole', 'Arn'] },
            ResourceRequirements: [
              { Type: 'VCPU', Value: String(cpus) },
              { Type: 'MEMORY', Value: String(memory) },
            ],
            RuntimePlatform: { OperatingSystemFamily: 'LINUX', CpuArchitecture: 'X86_64' },
            NetworkConfiguration: { AssignPublicIp: { Ref: 'AssignPublicIp' } },
            LogConfiguration: {
              LogDriver: 'awslogs',
              Options: { 'awslogs-group': { Ref: 'Logs' }, 'awslogs-region': { Ref: 'AWS::Region' } },
            },
          },
        },
      },
    },
    Outputs: { Queue: { Value: { Ref: 'Queue' } }, Ranks: { Value: { Ref: 'Ranks' } } },
  };
}

/** Reads the data; reads and writes below the results. */
function rights({ place, dataBuckets }: ArrayJob): object[] {
  const data = [...new Set([bucketName(place.bucket), ...dataBuckets.map(bucketName)])];
  const results = bucketName(place.bucket);
  return [
    { Effect: 'Allow', Action: ['s3:GetObject'], Resource: data.map((bucket) => arn(`${bucket}/*`)) },
    { Effect: 'Allow', Action: ['s3:ListBucket'], Resource: data.map(arn) },
    {
      Effect: 'Allow',
      Action: ['s3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
      Resource: [arn(`${results}/${place.resultPath}/*`)],
    },
  ];
}

function arn(resource: string): object {
  return { 'Fn::Sub': `arn:\${AWS::Partition}:s3:::${resource}` };
}

function isOnS3({ place: { bucket }, store = 's3://' }: ArrayJob): boolean {
  return (bucket.includes('://') ? bucket : store).startsWith('s3://');
}

function bucketName(bucket: string): string {
  return bucket.replace(/^s3:\/\//, '').replace(/\/.*$/, '');
}

function submitScript(job: ArrayJob): string {
  const parts = partsOf(job.run.world_size, MOST_TASKS);
  return `#!/bin/bash
# Submits the ranks of the run, and what combines them when they are done: submit.sh <name of the stack>
set -euo pipefail
stack=\${1:?name the stack that template.yaml was deployed as}
output() {
  aws cloudformation describe-stacks --stack-name "$stack" --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue" --output text
}
queue=$(output Queue)
definition=$(output Ranks)
submit() {
  aws batch submit-job --job-queue "$queue" --job-definition "$definition" --query jobId --output text "$@"
}
jobs=()
${parts.map((part, index) => submission(job, part, index)).join('\n')}
# Batch starts it when every rank has succeeded. After failures, run this yourself, which says what failed:
#   ${commandLine(summarizeArguments(job))}
submit --job-name ${nameOf(job)}-summarize --depends-on "\${jobs[@]}" --container-overrides ${shellWord(overrides(summarizeArguments(job)))}
`;
}

function submission(job: ArrayJob, part: Part, index: number): string {
  const alone = part.tasks === 1;
  // An array has at least two children; one rank is a job of its own, which no index is told.
  const command = [...rankArguments(job, part), ...(alone ? ['--index', '0'] : [])];
  const size = alone ? '' : ` --array-properties size=${part.tasks}`;
  return `jobs+=("jobId=$(submit --job-name ${nameOf(job, index)}${size} --container-overrides ${shellWord(overrides(command))})")`;
}

function overrides(command: readonly string[]): string {
  return JSON.stringify({ command });
}
