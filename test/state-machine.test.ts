import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  EC2ThrottledException,
  ENINotReadyException,
  ResourceConflictException,
  ResourceNotReadyException,
  SubnetIPAddressLimitReachedException,
} from '@aws-sdk/client-lambda';
import aslValidator from 'asl-validator';
import { parse } from 'yaml';
import { MOST_ATTEMPTS, RankUnfinishedError } from '../packages/inference/src/index.ts';
import { stageOptions } from '../packages/deploy/src/index.ts';
import { USER_ERRORS } from '../packages/payload/src/index.ts';
import { definitionIn, packageStack, root } from './stacks.ts';

interface State {
  readonly [field: string]: unknown;
  readonly Type: string;
}

interface Machine {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

const text = await readFile(join(root, 'state-machine.asl.yml'), 'utf8');

/** The definition with the deployment's variables filled in. */
function definition(stage: string, executionType = 'STANDARD', qualifier = ''): Machine {
  const filled = text
    .replaceAll('${sls:stage}', stage)
    .replaceAll('${self:custom.options.map_execution_type}', executionType)
    .replaceAll('${self:custom.options.infer_qualifier}', qualifier);
  return parse(filled) as Machine;
}

function statesOf({ States }: Machine): [string, State][] {
  return Object.entries(States).flatMap(([name, state]) => [
    [name, state] as [string, State],
    ...('ItemProcessor' in state ? statesOf(state.ItemProcessor as Machine) : []),
  ]);
}

const machine = definition('test');
const states = statesOf(machine);
/** What Lambda's Invoke answers of a function that can't be reached yet, as its SDK spells it. */
const UNREACHED = [
  ResourceNotReadyException,
  ResourceConflictException,
  ENINotReadyException,
  EC2ThrottledException,
  SubnetIPAddressLimitReachedException,
];
const tasks = states.filter(([, state]) => state.Type === 'Task');

describe('the definition of the workflow', () => {
  it('is the text that is deployed', async () => {
    const { resources } = await packageStack('.', 'dev');
    const deployed = definitionIn(resources);
    expect(deployed).not.toContain('"arn:aws:');
    const text = deployed.replaceAll('${AWS::Partition}', 'aws');
    expect(JSON.parse(text)).toEqual(definition('dev'));
    expect(text).not.toContain('${');
  });

  it('passes the validator for either kind of child execution', () => {
    for (const type of ['STANDARD', 'EXPRESS']) {
      // A copy: the validator writes defaults into what it is given.
      const { isValid, errorsText } = aslValidator(structuredClone(definition('test', type, ':provisioned')));
      expect(isValid ? '' : errorsText()).toBe('');
    }
  });

  it('uses no variable that the deployment does not fill in, and no intrinsic function', () => {
    expect(JSON.stringify(machine)).not.toMatch(/\$\{|Fn::|States\.[A-Z]\w+\(/);
  });

  it('uses only values that Step Functions knows', () => {
    const allowed: Record<string, readonly string[]> = {
      Type: ['Task', 'Choice', 'Map', 'Succeed', 'Fail'],
      Resource: ['arn:aws:states:::lambda:invoke', 'arn:aws:states:::s3:getObject', 'arn:aws:states:::s3:putObject'],
      Mode: ['DISTRIBUTED'],
      ExecutionType: ['STANDARD', 'EXPRESS'],
      InputType: ['JSON'],
      JitterStrategy: ['FULL'],
      QueryLanguage: [],
    };
    const seen = new Set<string>();
    JSON.stringify(machine, (name, value: unknown) => {
      if (name in allowed && typeof value === 'string') {
        seen.add(name);
        expect(allowed[name]).toContain(value);
      }
      return value;
    });
    expect([...seen].sort()).toEqual(['ExecutionType', 'InputType', 'JitterStrategy', 'Mode', 'Resource', 'Type']);
  });

  it('ends every way through it, and reaches every state', () => {
    const check = ({ StartAt, States }: Machine) => {
      const reached = new Set<string>();
      const follow = (name: string) => {
        if (reached.has(name)) return;
        reached.add(name);
        const state = States[name]!;
        expect(state).toBeDefined();
        const ways = waysOn(state);
        expect(ways.length > 0 || state.End === true || ['Succeed', 'Fail'].includes(state.Type)).toBe(true);
        ways.forEach(follow);
      };
      follow(StartAt);
      expect([...reached].sort()).toEqual(Object.keys(States).sort());
      Object.values(States).forEach((state) => {
        if ('ItemProcessor' in state) check(state.ItemProcessor as Machine);
      });
    };
    check(machine);
  });

  it.each(tasks)('gives task %s a time-out, a retry with jitter, and a function by its name', (_, task) => {
    expect(task.TimeoutSeconds).toBeGreaterThan(0);
    const { FunctionName } = task.Parameters as { FunctionName: string };
    expect(FunctionName).toMatch(/^cosmicai-(init|inference|summarize)-test-\w+$/);
    const [throttled, waking, retry, ...others] = (task.Retry as Record<string, unknown>[]).toReversed();
    expect(others).toHaveLength(FunctionName.includes('inference') ? 1 : 0);
    expect(throttled).toMatchObject({ ErrorEquals: ['Lambda.TooManyRequestsException'], JitterStrategy: 'FULL' });
    expect(throttled!.MaxAttempts).toBeGreaterThan(10);
    expect(waking).toMatchObject({
      // Half of each wait, on the average: over three minutes in all.
      ...{ IntervalSeconds: 5, MaxAttempts: 8, BackoffRate: 2, MaxDelaySeconds: 60, JitterStrategy: 'FULL' },
      ErrorEquals: UNREACHED.map(({ name }) => `Lambda.${name}`),
    });
    expect(retry).toMatchObject({
      IntervalSeconds: 1,
      MaxAttempts: 3,
      BackoffRate: 2,
      JitterStrategy: 'FULL',
      MaxDelaySeconds: expect.any(Number),
      ErrorEquals: expect.arrayContaining([
        'Lambda.ClientExecutionTimeoutException',
        'Lambda.ServiceException',
        'Lambda.AWSLambdaException',
        'Lambda.SdkClientException',
        'Runtime.ExitError',
      ]),
    });
  });

  it('lets a rank whose time ends go on as often as it counts on', () => {
    const [, predict] = tasks.find(([name]) => name === 'Predict')!;
    const [unfinished] = predict.Retry as Record<string, unknown>[];
    expect(unfinished).toMatchObject({ ErrorEquals: [RankUnfinishedError.name], MaxAttempts: MOST_ATTEMPTS - 1 });
  });

  it('tries nothing again that would repeat itself: a wrong input, too little memory, a rank that is too long, a time-out', () => {
    const retried = tasks.flatMap(([, { Retry }]) =>
      (Retry as { ErrorEquals: string[] }[]).flatMap((each) => each.ErrorEquals),
    );
    // The first two stand for whatever fails; Lambda.Unknown is what older runtimes say of time-outs.
    const catchAll = ['States.ALL', 'States.TaskFailed', 'Lambda.Unknown'];
    for (const error of [...USER_ERRORS, ...catchAll, 'Sandbox.Timedout', 'States.Timeout', 'Runtime.OutOfMemory'])
      expect(retried).not.toContain(error);
  });

  it('waits longer for a function than the function may take', async () => {
    const timeouts = new Map<string, number>();
    const rankSeconds = stageOptions('dev').rank_seconds;
    for (const stack of ['services/init', 'services/inference', 'services/summarize'] as const) {
      const config = parse(await readFile(join(root, stack, 'serverless.yml'), 'utf8')) as {
        functions: Record<string, { name: string; timeout: number | string }>;
      };
      for (const { name, timeout } of Object.values(config.functions)) {
        timeouts.set(name.replace('${sls:stage}', 'test'), typeof timeout === 'number' ? timeout : rankSeconds);
      }
    }
    expect(tasks).toHaveLength(4);
    for (const [, { Parameters, TimeoutSeconds }] of tasks) {
      const { FunctionName } = Parameters as { FunctionName: string };
      expect(TimeoutSeconds).toBeGreaterThan(timeouts.get(FunctionName)!);
    }
  });

  it('reads the manifest, limits and tolerance of the run that Initialize planned', () => {
    expect(machine.States.Infer).toMatchObject({
      ItemReader: { Parameters: { 'Bucket.$': '$.run.bucket', 'Key.$': '$.run.items_key' } },
      MaxConcurrencyPath: '$.run.max_concurrency',
      ToleratedFailurePercentagePath: '$.run.tolerated_failure_percentage',
      ResultWriter: { Parameters: { 'Bucket.$': '$.run.bucket', 'Prefix.$': '$.run.map_prefix' } },
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Summarize' }],
      Next: 'Summarize',
    });
  });

  it('defines each variable before a state uses it', () => {
    // What Initialize answers, then what each state adds; Summarize replaces it all.
    const defined = new Set(['run']);
    const after: Record<string, string[]> = { CheckRendezvous: ['fmi', 'error'], Infer: ['map', 'error'] };
    for (const name of ['FmiEnabled', 'CheckRendezvous', 'RendezvousFailed', 'Infer']) {
      for (const variable of variablesOf(machine.States[name]!)) expect(defined).toContain(variable);
      for (const variable of after[name] ?? []) defined.add(variable);
    }
    const answer = new Set(['status', 'error_name', 'cause']);
    for (const name of ['RunSucceeded', 'RunFailed']) {
      for (const variable of variablesOf(machine.States[name]!)) expect(answer).toContain(variable);
    }
  });
});

function waysOn(state: State): string[] {
  const choices = (state.Choices ?? []) as { Next: string }[];
  const catches = (state.Catch ?? []) as { Next: string }[];
  return [state.Next, state.Default, ...[...choices, ...catches].map(({ Next }) => Next)].filter(
    (next): next is string => typeof next === 'string',
  );
}

/** First names of the paths that a state reads from its own input, e.g. `run` of `$.run.bucket`. */
function variablesOf(state: State): string[] {
  const { ItemProcessor: _, ResultPath: __, ResultSelector: ___, OutputPath: ____, Catch: _____, ...input } = state;
  return [...JSON.stringify(input).matchAll(/"\$\.([A-Za-z_]+)/g)].map(([, name]) => name!);
}
