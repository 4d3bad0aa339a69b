import type { StageOptions } from '../stage/stage-options.ts';
import { arn, type Place, type Statement } from './policy.ts';
import { containersRole, logGroupArn, stageArns } from './stage-names.ts';

/** What `run`, `status`, `logs`, `stop`, `bench`, `report`, `verify`, `clean` and `fmi ping` ask of a deployed stage. */
export function runnerPolicy(stage: string, options: StageOptions, place: Place): Statement[] {
  const { functions, bucket, dataBuckets, machine, stacks } = stageArns(stage, options, place);
  const machineName = `cosmicai-${stage}`;
  const { data, models, results } = options.prefixes;
  const below = (prefixes: readonly string[]) => prefixes.map((prefix) => `${bucket}/${prefix}/*`);
  const called = [functions.inference, functions.initFmi, functions.summarize];
  return [
    {
      sid: 'FindStage',
      why: "The outputs of the stage's root stack name its bucket and its state machine.",
      actions: ['cloudformation:DescribeStacks'],
      resources: stacks.slice(0, 1),
    },
    {
      sid: 'LookAtStacks',
      why: 'doctor looks at the states of all stacks.',
      actions: ['cloudformation:DescribeStacks'],
      resources: stacks.slice(1),
    },
    {
      sid: 'LookAtFunctions',
      why: 'doctor looks whether functions are there and ready.',
      actions: ['lambda:GetFunctionConfiguration'],
      resources: Object.values(functions),
    },
    {
      sid: 'StartAndListRuns',
      why: 'Runs are executions of the state machine.',
      actions: ['states:DescribeStateMachine', 'states:ListExecutions', 'states:StartExecution'],
      resources: [machine],
    },
    {
      sid: 'FollowRuns',
      why: 'Executions, and the child executions of their Map, tell how far a run is and why a rank failed.',
      actions: ['states:DescribeExecution', 'states:GetExecutionHistory'],
      resources: [`execution:${machineName}:*`, `execution:${machineName}/*`].map((name) => arn(place, 'states', name)),
    },
    {
      sid: 'StopAndRedriveRuns',
      why: 'stop ends an execution; run --only-failed goes on with one.',
      actions: ['states:RedriveExecution', 'states:StopExecution'],
      resources: [arn(place, 'states', `execution:${machineName}:*`)],
    },
    {
      sid: 'FollowMaps',
      why: 'The Map run counts the ranks and lists its child executions.',
      actions: ['states:DescribeMapRun', 'states:ListExecutions'],
      resources: [arn(place, 'states', `mapRun:${machineName}/*`)],
    },
    {
      sid: 'CallFunctions',
      why: 'run --only-failed calls failed ranks and Summarize again; fmi ping calls ranks and what gives them a key.',
      actions: ['lambda:InvokeFunction'],
      resources: called.flatMap((name) => [
        name,
        ...(name === functions.inference && options.inference.provisioned_concurrency > 0
          ? [`${name}:provisioned`]
          : []),
      ]),
    },
    {
      sid: 'ReadLogs',
      why: 'logs prints what functions logged; bills and reports take the times that Lambda charges from there.',
      actions: ['logs:FilterLogEvents'],
      resources: Object.values(functions).map((name) =>
        logGroupArn(place, `/aws/lambda/${name.split(':').at(-1) ?? ''}`),
      ),
    },
    {
      sid: 'AskForConcurrency',
      why: 'Ranks beyond what the account runs at once take turns; doctor tells how many. AWS names no resource for it.',
      actions: ['lambda:GetAccountSettings'],
      resources: ['*'],
    },
    {
      sid: 'ListBuckets',
      why: 'Partitions, models and runs are listed; without it, S3 says "denied" for what is not there.',
      actions: ['s3:ListBucket'],
      resources: [bucket, ...dataBuckets],
    },
    {
      sid: 'ReadObjects',
      why: 'Payloads, partitions, models and results.',
      actions: ['s3:GetObject'],
      resources: [
        `${bucket}/configs/*`,
        ...below([...data, ...models, ...results]),
        ...dataBuckets.map((other) => `${other}/*`),
      ],
    },
    {
      sid: 'WriteObjects',
      why: 'run uploads partitions and models, and leaves its bill and its report with the results.',
      actions: ['s3:AbortMultipartUpload', 's3:PutObject'],
      resources: below([...data, ...models, ...results]),
    },
    {
      sid: 'DeleteRuns',
      why: "clean deletes a run's folder, fmi ping its key.",
      actions: ['s3:DeleteObject'],
      resources: below(results),
    },
    ...(options.rendezvous.enabled ? findServer(machineName, place) : []),
  ];
}

function findServer(cluster: string, place: Place): Statement[] {
  return [
    {
      sid: 'LookAtServer',
      why: 'doctor looks whether the server runs.',
      actions: ['ecs:DescribeServices'],
      resources: [arn(place, 'ecs', `service/${cluster}/*`)],
    },
    {
      sid: 'LookAtServersImage',
      why: 'The definition of its task names the image. ECS describes definitions without resources.',
      actions: ['ecs:DescribeTaskDefinition'],
      resources: ['*'],
    },
    {
      sid: 'LookAtEcsRole',
      why: 'doctor looks whether the account has the role by which ECS works for it.',
      actions: ['iam:GetRole'],
      resources: [containersRole(place)],
    },
  ];
}
