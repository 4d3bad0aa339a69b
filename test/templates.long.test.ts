import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import aslValidator from 'asl-validator';
import { batchFiles, writeJob } from '../packages/array/src/index.ts';
import { runLayout } from '../packages/payload/src/index.ts';
import { NO_TELEMETRY } from '../packages/payload/src/no-telemetry.ts';
import { RESOURCE_TYPES, typesOf } from '../packages/deploy/src/policy/resource-types.ts';
import type { StageOptions } from '../packages/deploy/src/index.ts';
import { recorded } from './policy/recorded.ts';
import { refused, unneeded } from './policy/simulate.ts';
import { hasProgram } from './programs.ts';
import { definitionIn, packageStack, STACKS, type Packaged, type Resource, type Stack } from './stacks.ts';

/** Actions for which AWS has no resource to name, with the reason. */
const ACTIONS_WITHOUT_RESOURCE: Readonly<Record<string, string>> = {
  'xray:PutTraceSegments': 'X-Ray has no resources',
  'xray:PutTelemetryRecords': 'X-Ray has no resources',
  'xray:GetSamplingRules': 'X-Ray has no resources',
  'xray:GetSamplingTargets': 'X-Ray has no resources',
  'logs:CreateLogDelivery': 'log delivery belongs to the account',
  'logs:GetLogDelivery': 'log delivery belongs to the account',
  'logs:UpdateLogDelivery': 'log delivery belongs to the account',
  'logs:DeleteLogDelivery': 'log delivery belongs to the account',
  'logs:ListLogDeliveries': 'log delivery belongs to the account',
  'logs:PutResourcePolicy': 'resource policies belong to the account',
  'logs:DescribeResourcePolicies': 'resource policies belong to the account',
  'logs:DescribeLogGroups': 'Step Functions looks its log group up among all',
  'ecr:GetAuthorizationToken': 'the token is for the whole registry',
  'ecs:ListTasks': 'tasks are listed by a condition',
  'ec2:CreateNetworkInterface': 'interfaces of functions have no names before',
  'ec2:DescribeNetworkInterfaces': 'EC2 describes without resources',
  'ec2:DescribeSubnets': 'EC2 describes without resources',
  'ec2:DeleteNetworkInterface': 'interfaces of functions have no names before',
  'ec2:AssignPrivateIpAddresses': 'interfaces of functions have no names before',
  'ec2:UnassignPrivateIpAddresses': 'interfaces of functions have no names before',
};

/** What roles allow that no rehearsal asks for, with the reason. */
const RARELY_NEEDED: Readonly<Record<string, string>> = {
  's3:AbortMultipartUpload': 'an upload that broke',
  's3:DeleteObject': 'pieces and keys of ranks, which not every run leaves',
  's3:ListMultipartUploadParts': "Step Functions' own writing of large results of a Map",
  'secretsmanager:GetSecretValue': 'moto ignores secrets in stacks',
  'states:StartExecution': 'moto starts children itself',
  'states:DescribeExecution': 'moto steers children itself',
  'states:StopExecution': 'moto steers children itself',
  'states:RedriveExecution': 'moto steers children itself',
};

/** Warnings of cfn-lint that say nothing about these templates. */
const IGNORED_CHECKS = [
  'W3005', // The framework writes DependsOn beside the alias's own reference to its function.
];

interface Options {
  stageOptions(stage: string, folder: string): StageOptions;
}

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

/** A statement of a policy on a topic or queue. */
interface Grant {
  readonly Principal: { readonly Service: string };
  readonly Condition: object;
}

const stages = ['dev', 'full'] as const;
const packaged = new Map<string, Packaged>();

beforeAll(async () => {
  for (const stage of stages) {
    for (const stack of STACKS) packaged.set(`${stage} ${stack}`, await packageStack(stack, stage));
  }
  packaged.set('met .', await packageStack('.', 'met'));
}, 600_000);

function of(stage: string, stack: Stack, type?: string): [string, Resource][] {
  const resources = Object.entries(packaged.get(`${stage} ${stack}`)!.resources);
  return resources.filter(([, resource]) => type === undefined || resource.Type === type);
}

function all(stage: string, type?: string): [string, Resource][] {
  return STACKS.flatMap((stack) => of(stage, stack, type));
}

function statementsOf(role: Resource): Statement[] {
  const policies = (role.Properties.Policies ?? []) as { PolicyDocument: { Statement: Statement[] } }[];
  return policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

const cfnLint = hasProgram('cfn-lint');
if (!cfnLint) console.warn('cfn-lint is not on the PATH (pip install cfn-lint): templates are not linted here');

/** Paths of what `array batch` writes, for either kind of capacity. */
async function batchTemplates(): Promise<string[]> {
  const job = {
    place: { bucket: 'galaxies', resultPath: 'out', runId: '20260304T050607Z-01234567' },
    run: { world_size: 20, max_concurrency: 1000 },
    ...{ folders: [], modelArguments: [] },
    dataBuckets: ['survey'],
    ...{ image: 'registry.example.org/cosmicai:1', cpus: 2, memory: 4096 },
  };
  const folder = await mkdtemp(join(tmpdir(), 'cosmicai-batch-'));
  batchFolders.push(folder);
  const written = (['spot', 'on-demand'] as const).map((capacity) =>
    writeJob(join(folder, capacity), batchFiles(job, { capacity })),
  );
  return (await Promise.all(written)).flat().filter((path) => path.endsWith('.yaml'));
}

const batchFolders: string[] = [];
afterAll(() => Promise.all(batchFolders.map((folder) => rm(folder, { recursive: true }))));

/** A region of each partition of AWS. */
const REGIONS = ['us-east-1', 'cn-north-1', 'us-gov-west-1'];

/** Path of the same template without its budget. */
async function withoutBudget(path: string): Promise<string> {
  const { Resources, ...template } = JSON.parse(await readFile(path, 'utf8')) as {
    Resources: Record<string, Resource>;
  };
  const { Budget, ...others } = Resources;
  expect(Budget).toBeDefined();
  const copy = path.replace(/\.json$/, '-without-budget.json');
  await writeFile(copy, JSON.stringify({ ...template, Resources: others }));
  return copy;
}

// Of the third only what differs from the others: a server without a name, older protocols, no key.
(cfnLint ? it : it.skip)(
  'the stacks of three stages and of array jobs pass cfn-lint in every partition of AWS',
  async () => {
    const met = packaged.get('met .')!;
    const batch = await batchTemplates();
    const paths = [...[...packaged.values()].map(({ templatePath }) => templatePath), ...batch];
    const lint = (regions: readonly string[], templates: readonly string[]) =>
      execFileSync(
        'cfn-lint',
        ['--ignore-checks', ...IGNORED_CHECKS, '--regions', ...regions, '--template', ...templates],
        { encoding: 'utf8' },
      );
    // GovCloud has no budgets, and a stage with one is refused there.
    const { templatePath: withBudget } = packaged.get('full .')!;
    expect(lint(REGIONS, [...paths.filter((path) => path !== withBudget), await withoutBudget(withBudget)])).toBe('');
    expect(lint(REGIONS.slice(0, 2), [withBudget])).toBe('');
    expect(met.resources.AlarmTopic!.Properties.KmsMasterKeyId).toBeUndefined();
    const [{ Environment }] = met.resources.RendezvousTask!.Properties.ContainerDefinitions;
    // Around the clock: it never ends by itself, may not, and is missed when it is silent.
    expect(Environment).toContainEqual({ Name: 'COSMICAI_RENDEZVOUS_IDLE_MINUTES', Value: '0' });
    expect(statementsOf(met.resources.RendezvousRole!)).toEqual([]);
    expect(met.resources.RendezvousAlarm!.Properties).toMatchObject({
      MetricName: 'CPUUtilization',
      TreatMissingData: 'breaching',
    });
    // For runs only: who waited for it in vain tells, and nothing is missed.
    const { resources: onDemand } = packaged.get('full .')!;
    expect(onDemand.RendezvousTask!.Properties.ContainerDefinitions[0].Environment).toEqual(
      expect.arrayContaining([
        { Name: 'COSMICAI_RENDEZVOUS_IDLE_MINUTES', Value: '10' },
        { Name: 'COSMICAI_RENDEZVOUS_ECS_SERVICE', Value: 'cosmicai-full/rendezvous' },
      ]),
    );
    expect(onDemand.RendezvousAlarm!.Properties).toMatchObject({
      Namespace: 'CosmicAI',
      MetricName: 'NotStarted',
      Dimensions: [
        { Name: 'service', Value: 'rendezvous' },
        { Name: 'stage', Value: 'full' },
      ],
      TreatMissingData: 'notBreaching',
    });
    expect(Environment).toContainEqual({ Name: 'COSMICAI_RENDEZVOUS_ALLOW_V1', Value: 'true' });
    expect(Environment).toContainEqual({ Name: 'COSMICAI_RENDEZVOUS_REFUSE_V2', Value: 'false' });
  },
  120_000,
);

it.each(
  [...stages, 'met'].flatMap((stage) =>
    ['aws', 'aws-cn', 'aws-us-gov'].map((partition) => [stage, partition] as const),
  ),
)(
  'the state machine of stage %s passes the validator of the states language in the partition %s',
  (stage, partition) => {
    const text = definitionIn(packaged.get(`${stage} .`)!.resources).replaceAll('${AWS::Partition}', partition);
    expect(text).toContain(`arn:${partition}:states:::lambda:invoke`);
    const { isValid, errorsText } = aslValidator(JSON.parse(text) as object);
    expect(isValid ? '' : errorsText()).toBe('');
  },
);

it('EXPRESS children have less time than they may last, and their functions less than they', () => {
  const { States } = JSON.parse(definitionIn(packaged.get('full .')!.resources)) as {
    States: { Infer: { ItemProcessor: { States: { Predict: { TimeoutSeconds: number } } } } };
  };
  const { TimeoutSeconds } = States.Infer.ItemProcessor.States.Predict;
  const { InferenceLambdaFunction } = packaged.get('full services/inference')!.resources;
  expect(TimeoutSeconds).toBeLessThan(300);
  expect(TimeoutSeconds).toBeGreaterThan(InferenceLambdaFunction!.Properties.Timeout as number);
});

it('let functions and the state machine do what a rehearsal recorded, and nothing else without a reason', () => {
  const roles = new Map(all('dev', 'AWS::IAM::Role').map(([, role]) => [role.Properties.RoleName as string, role]));
  const calls = recorded().filter(({ principal }) => principal.startsWith('cosmicai-'));
  const principals = new Set(calls.map(({ principal }) => principal));
  expect(principals.size).toBeGreaterThanOrEqual(5);
  for (const principal of principals) {
    const statements = statementsOf(roles.get(principal)!);
    const own = calls.filter((call) => call.principal === principal);
    expect(refused(statements, own)).toEqual([]);
    const reasons = { ...ACTIONS_WITHOUT_RESOURCE, ...RARELY_NEEDED };
    expect(unneeded(statements, own).filter((action) => reasons[action] === undefined)).toEqual([]);
  }
});

describe.each(stages)('the stacks of stage %s', (stage) => {
  it('have no type of resource of which the policy of deployers does not know', () => {
    const types = new Set(all(stage).map(([, { Type }]) => Type));
    for (const type of types) expect(RESOURCE_TYPES).toHaveProperty([type]);
    const options = (createRequire(import.meta.url)('../config/options.cjs') as Options).stageOptions(
      stage,
      'test/fixtures/stages',
    );
    expect([...types].sort()).toEqual(typesOf(options).sort());
  });

  it('tell every function of the workflow in its environment that native libraries report to nobody', () => {
    const functions = STACKS.slice(1).flatMap((stack) => of(stage, stack, 'AWS::Lambda::Function'));
    expect(functions.length).toBeGreaterThanOrEqual(5);
    for (const [, { Properties }] of functions) expect(Properties.Environment.Variables).toMatchObject(NO_TELEMETRY);
  });

  it('grant everything by name, but for what AWS can not name', () => {
    for (const [name, role] of all(stage, 'AWS::IAM::Role')) {
      for (const { Sid, Effect, Action, Resource } of statementsOf(role)) {
        const where = `${name}.${Sid ?? '?'}`;
        // What is denied narrows what the statement before it allows.
        expect(`${where}: ${Effect}`).toBe(`${where}: ${Sid === 'KeepRuns' ? 'Deny' : 'Allow'}`);
        for (const action of [Action].flat()) {
          expect(`${where}: ${action}`).not.toMatch(/\*/);
          if (JSON.stringify(Resource) === '"*"') expect(ACTIONS_WITHOUT_RESOURCE).toHaveProperty([action]);
        }
        // A wildcard may stand for objects below a prefix, streams of a log group, a suffix that AWS adds: not for a name.
        for (const resource of [Resource].flat()) {
          const text = (resource as { 'Fn::Sub'?: string })['Fn::Sub'];
          if (text !== undefined)
            expect(text).toMatch(
              /^[^*]*(\/\*(\/rendezvous-key|\/pieces\/\*)?|(\/\*)?(\/runs)?\/\*\.json|:\*|-\?{6})?$/,
            );
        }
      }
    }
  });

  it('write only below the folders of results, and delete only keys of runs and what is published beside them', () => {
    const actions = all(stage, 'AWS::IAM::Role').flatMap(([, role]) => statementsOf(role));
    for (const { Effect, Action, Resource } of actions) {
      const list = [Action].flat();
      const deletes = list.some((action) => action.startsWith('s3:Delete'));
      if (!deletes && !list.includes('s3:PutObject')) continue;
      for (const resource of Resource as { 'Fn::Sub': string }[]) {
        if (deletes && Effect === 'Deny') continue;
        expect(resource['Fn::Sub']).toMatch(/\/(results|scaling)\/\*(\/rendezvous-key|\/pieces\/\*|\.json)?$/);
        if (deletes) expect(resource['Fn::Sub']).toMatch(/rendezvous-key$|\/pieces\/\*$|\.json$/);
      }
    }
    // Whoever may delete JSON there may delete none of a run's own.
    for (const [, role] of all(stage, 'AWS::IAM::Role')) {
      const statements = statementsOf(role);
      const places = (sid: string) =>
        statements
          .filter(({ Sid }) => Sid === sid)
          .flatMap(({ Resource }) => (Resource as { 'Fn::Sub': string }[]).map((each) => each['Fn::Sub']));
      const kept = places('WithdrawPublished').flatMap((text) => {
        const folder = text.replace(/\/\*\.json$/, '');
        return [`${folder}/runs/*.json`, `${folder}/*/runs/*.json`];
      });
      expect(places('KeepRuns')).toEqual(kept);
    }
  });

  it('give every function a role of its own and a name with the stage', () => {
    const functions = all(stage, 'AWS::Lambda::Function');
    const roles = functions.map(([, { Properties }]) => JSON.stringify(Properties.Role));
    expect(new Set(roles).size).toBe(functions.length);
    expect(functions.map(([, { Properties }]) => Properties.FunctionName as string).sort()).toEqual([
      ...(stage === 'full' ? ['cosmicai-full-rendezvous-name'] : []),
      `cosmicai-inference-${stage}-inference`,
      `cosmicai-init-${stage}-init`,
      `cosmicai-init-${stage}-initFmi`,
      `cosmicai-summarize-${stage}-resultSummary`,
      `cosmicai-summarize-${stage}-summarize`,
    ]);
  });

  it('carry the stage in every name that is not made up by CloudFormation', () => {
    const names = /^(.*Name|Family|Name)$/;
    const typesWithoutOwnName = ['AWS::ECS::Service', 'AWS::CloudWatch::Alarm', 'AWS::Lambda::Alias'];
    for (const [id, { Type, Properties }] of all(stage)) {
      for (const [field, value] of Object.entries(Properties as object)) {
        if (!names.test(field) || typesWithoutOwnName.includes(Type) || typeof value !== 'string') continue;
        if (field === 'MetricName') continue;
        expect(`${id}.${field}: ${value}`).toContain(stage);
      }
    }
    for (const [, { Properties }] of all(stage, 'AWS::CloudWatch::Alarm'))
      expect(Properties.AlarmName).toContain(stage);
  });

  it('fit the limits of AWS on names with the longest stage and region', () => {
    const longest = 'a'.repeat(16);
    for (const [, { Properties }] of all(stage, 'AWS::IAM::Role')) {
      const name = (Properties.RoleName as string).replace(stage, longest).replace('us-east-1', 'ap-southeast-1');
      expect(name.length).toBeLessThanOrEqual(64);
    }
  });

  it('keep every log for a time that the stage names', () => {
    const groups = all(stage, 'AWS::Logs::LogGroup');
    expect(groups.length).toBeGreaterThanOrEqual(6);
    for (const [, { Properties }] of groups) expect(Properties.RetentionInDays).toBeGreaterThan(0);
    const names = groups.map(([, { Properties }]) => Properties.LogGroupName as string);
    for (const [, { Properties }] of all(stage, 'AWS::Lambda::Function')) {
      expect(names).toContain(`/aws/lambda/${Properties.FunctionName as string}`);
    }
  });

  it('keep the bucket private, encrypted, versioned and for TLS only', () => {
    const [, bucket] = of(stage, '.', 'AWS::S3::Bucket').find(([id]) => id === 'Bucket')!;
    expect(bucket.DeletionPolicy).toBe('Retain');
    expect(bucket.Properties).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      VersioningConfiguration: { Status: 'Enabled' },
    });
    for (const [, { Properties }] of all(stage, 'AWS::S3::Bucket')) {
      expect(Properties.BucketEncryption).toBeDefined();
      expect(Properties.AccessControl).toBeUndefined();
    }
    for (const [, { Properties }] of all(stage, 'AWS::S3::BucketPolicy')) {
      const statements = Properties.PolicyDocument.Statement as Statement[];
      expect(statements.map(({ Effect }) => Effect)).toEqual(['Deny']);
      expect(JSON.stringify(statements)).toContain('aws:SecureTransport');
    }
  });

  it('open nothing to the world but the rendezvous server’s port', () => {
    const open = all(stage, 'AWS::EC2::SecurityGroup').flatMap(([, { Properties }]) =>
      (Properties.SecurityGroupIngress as { FromPort: number; ToPort: number; CidrIp: string }[])
        .filter(({ CidrIp }) => CidrIp === '0.0.0.0/0')
        .map(({ FromPort, ToPort }) => [FromPort, ToPort]),
    );
    expect(open).toEqual(stage === 'dev' ? [] : [[10_000, 10_000]]);
    expect(all(stage, 'AWS::EC2::SecurityGroupIngress')).toEqual([]);
  });

  it('name each run that failed, and keep what can not be told or done in the background', () => {
    const { Properties: failedRun } = packaged.get(`${stage} .`)!.resources.FailedRun!;
    expect(failedRun.EventPattern.detail).toEqual({
      stateMachineArn: [{ Ref: 'Workflow' }],
      status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
    });
    // A JSON string, as EventBridge wants it, on one line.
    const template = failedRun.Targets[0].InputTransformer.InputTemplate as string;
    expect(JSON.parse(template)).toContain(`--stage ${stage} --only-failed <name>`);

    const deadLetters = { 'Fn::GetAtt': ['DeadLetters', 'Arn'] };
    const rules = all(stage, 'AWS::Events::Rule');
    expect(rules).toHaveLength(stage === 'full' ? 2 : 1);
    for (const [, { Properties }] of rules) {
      for (const target of Properties.Targets as { DeadLetterConfig: unknown }[])
        expect(target.DeadLetterConfig).toEqual({ Arn: deadLetters });
    }
    for (const [, { Properties }] of all(stage, 'AWS::Lambda::Permission')) {
      const called = packaged.get(`${stage} .`)!.resources[(Properties.FunctionName as { Ref: string }).Ref]!;
      expect(called.Properties.DeadLetterConfig).toEqual({ TargetArn: deadLetters });
    }
  });

  it('let nobody but AWS’s own services of this account write to topic and queue', () => {
    const policies = [...all(stage, 'AWS::SNS::TopicPolicy'), ...all(stage, 'AWS::SQS::QueuePolicy')];
    expect(policies).toHaveLength(2);
    const statements = policies.flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement as Grant[]);
    expect(statements.map(({ Principal }) => Principal.Service).sort()).toEqual([
      ...(stage === 'full' ? ['budgets.amazonaws.com'] : []),
      'cloudwatch.amazonaws.com',
      'events.amazonaws.com',
      'events.amazonaws.com',
    ]);
    for (const { Condition } of statements) expect(JSON.stringify(Condition)).toContain('aws:SourceArn');
  });

  it('tell where the stage’s things are: commands find them by these outputs', () => {
    const { outputs } = packaged.get(`${stage} .`)!;
    const named = Object.fromEntries(Object.entries(outputs).map(([name, { Value }]) => [name, Value]));
    expect(named).toMatchObject({ WorkflowArn: { Ref: 'Workflow' }, BucketName: { Ref: 'Bucket' } });
    if (stage === 'dev') expect(JSON.stringify(named)).not.toContain('Rendezvous');
    else {
      expect(named).toMatchObject({
        RendezvousClusterName: { Ref: 'RendezvousCluster' },
        RendezvousServiceName: { 'Fn::GetAtt': ['RendezvousService', 'Name'] },
        RendezvousPort: '10000',
        RendezvousMode: 'on-demand',
        RendezvousEndpoint: 'rendezvous.example.org:10000',
      });
    }
  });

  it('let the opener of meetings find and start its own stage’s server, and that end its own service, where there is one', () => {
    const role = (id: string) =>
      statementsOf(
        of(stage, 'services/init')
          .concat(of(stage, '.'))
          .find(([name]) => name === id)![1],
      );
    const changes = (id: string) =>
      role(id)
        .filter(({ Action }) => [Action].flat().includes('ecs:UpdateService'))
        .map(({ Resource }) => Resource);
    const ecs = 'arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}';
    const service = { 'Fn::Sub': `${ecs}:service/cosmicai-${stage}/rendezvous` };
    expect(changes('InitFmiRole')).toEqual(stage === 'dev' ? [] : [service]);
    expect(JSON.stringify(role('InitFmiRole')).includes('ecs:')).toBe(stage !== 'dev');
    const [, opener] = of(stage, 'services/init', 'AWS::Lambda::Function').find(([id]) => id.startsWith('InitFmi'))!;
    expect(opener.Properties).toMatchObject({
      Timeout: 300,
      Environment: {
        Variables: {
          COSMICAI_STAGE: stage,
          COSMICAI_RENDEZVOUS_SERVICE: stage === 'dev' ? '' : `cosmicai-${stage}/rendezvous`,
        },
      },
    });
    // What a rehearsal records of both; of tasks ECS lists those of the cluster, which is a condition.
    const place = 'us-east-1:123456789012';
    const asked = (action: string, resource: string) => ({
      principal: '',
      action,
      resource: `arn:aws:ecs:${place}:${resource}`,
    });
    const calls = [
      asked('ecs:DescribeServices', `service/cosmicai-${stage}/rendezvous`),
      asked('ecs:UpdateService', `service/cosmicai-${stage}/rendezvous`),
      asked('ecs:DescribeTasks', `task/cosmicai-${stage}/0a1b2c`),
    ];
    expect(refused(role('InitFmiRole'), calls)).toEqual(stage === 'dev' ? calls : []);
    if (stage !== 'dev')
      expect(role('RendezvousRole')).toMatchObject([{ Action: 'ecs:UpdateService', Resource: service }]);
  });

  it('let no service assume a role on behalf of another account', () => {
    for (const [, { Properties }] of all(stage, 'AWS::IAM::Role')) {
      for (const { Condition } of Properties.AssumeRolePolicyDocument.Statement as { Condition: object }[])
        expect(Condition).toMatchObject({ StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } });
    }
  });

  it('encrypt what alarms say, by a key that alarms and rules may use', () => {
    expect(of(stage, '.', 'AWS::SNS::Topic')[0]![1].Properties.KmsMasterKeyId).toEqual({ Ref: 'AlarmKey' });
    const [, key] = of(stage, '.', 'AWS::KMS::Key')[0]!;
    const { Service } = key.Properties.KeyPolicy.Statement[1].Principal as Grant['Principal'];
    const budgets = stage === 'full' ? ['budgets.amazonaws.com'] : [];
    expect(Service).toEqual(['cloudwatch.amazonaws.com', 'events.amazonaws.com', ...budgets]);
  });

  it('have a budget where one is asked for, of what carries the tag of the stage', () => {
    const budgets = of(stage, '.', 'AWS::Budgets::Budget').map(([, { Properties }]) => Properties as object);
    const telling = (Threshold: number) => ({
      Notification: {
        NotificationType: 'ACTUAL',
        ComparisonOperator: 'GREATER_THAN',
        Threshold,
        ThresholdType: 'PERCENTAGE',
      },
      Subscribers: [{ SubscriptionType: 'SNS', Address: { Ref: 'AlarmTopic' } }],
    });
    const expected = {
      Budget: {
        BudgetName: `cosmicai-${stage}-at-80-100`,
        BudgetType: 'COST',
        TimeUnit: 'MONTHLY',
        BudgetLimit: { Amount: 50, Unit: 'USD' },
        CostFilters: { TagKeyValue: [`user:stage$${stage}`] },
      },
      NotificationsWithSubscribers: [telling(80), telling(100)],
    };
    expect(budgets).toEqual(stage === 'full' ? [expected] : []);
  });

  it('show in the dashboard what their functions tell, by the stage', () => {
    const functions = STACKS.slice(1).flatMap((stack) => of(stage, stack, 'AWS::Lambda::Function'));
    for (const [, { Properties }] of functions) expect(Properties.Environment.Variables.COSMICAI_STAGE).toBe(stage);
    const body = of(stage, '.', 'AWS::CloudWatch::Dashboard')[0]![1].Properties.DashboardBody['Fn::Sub'] as string;
    const { widgets } = JSON.parse(body) as { widgets: readonly { properties: { metrics: string[][] } }[] };
    const told = widgets
      .flatMap(({ properties }) => properties.metrics)
      .filter(([namespace]) => namespace === 'CosmicAI')
      .map((metric) => metric.slice(1, 6).join(' '));
    for (const metric of [
      'Samples service inference',
      'RunsSucceeded service summarize',
      'RunsFailed service summarize',
    ])
      expect(told).toContain(`${metric} stage ${stage}`);
    expect(told.every((metric) => metric.endsWith(` stage ${stage}`))).toBe(true);
  });

  it('let a ping’s key be written and read where a run’s key is', () => {
    const key = runLayout('results', 'ping-0f1e2d3c').rendezvousKey;
    const allows = (stack: Stack, role: string, action: string) =>
      of(stage, stack, 'AWS::IAM::Role')
        .filter(([name]) => name === role)
        .flatMap(([, resource]) => statementsOf(resource))
        .filter(({ Action }) => [Action].flat().includes(action))
        .flatMap(({ Resource }) => Resource as { 'Fn::Sub': string }[])
        .filter(({ 'Fn::Sub': arn }) => arn.includes(`:::cosmicai-${stage}-`))
        .some(({ 'Fn::Sub': arn }) => matches(arn.slice(arn.indexOf('/') + 1), key));
    expect(allows('services/init', 'InitFmiRole', 's3:PutObject')).toBe(true);
    expect(allows('services/inference', 'InferRole', 's3:GetObject')).toBe(true);
    expect(allows('services/init', 'InitRole', 's3:GetObject')).toBe(false);
  });

  it('let the state machine call just the functions that its definition names', () => {
    const [, role] = of(stage, '.', 'AWS::IAM::Role').find(([id]) => id === 'WorkflowRole')!;
    const call = statementsOf(role).find(({ Action }) => Action === 'lambda:InvokeFunction')!;
    const allowed = (call.Resource as { 'Fn::Sub': string }[]).map((arn) => arn['Fn::Sub'].split(':function:')[1]!);
    const definition = definitionIn(packaged.get(`${stage} .`)!.resources);
    const named = [...definition.matchAll(/"FunctionName": "([^"]+)"/g)].map(([, name]) => name!);
    expect(allowed.sort()).toEqual(named.sort());
  });

  it('watch failed runs, throttled ranks and, where there is one, the rendezvous server', () => {
    const alarms = all(stage, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties.AlarmName as string);
    const expected = [
      'dead-letters',
      'failed-runs',
      'throttled-ranks',
      'timed-out-runs',
      ...(stage === 'dev' ? [] : ['rendezvous-down']),
    ];
    expect(alarms.sort()).toEqual(expected.map((name) => `cosmicai-${stage}-${name}`).sort());
    const [, { Properties }] = of(stage, '.', 'AWS::CloudWatch::Dashboard')[0]!;
    const body = Properties.DashboardBody['Fn::Sub'] as string;
    expect(JSON.parse(body).widgets.length).toBeGreaterThan(6);
    expect(body.match(/\$\{[^}]+\}/g)!.every((name) => ['${AWS::Region}', '${Workflow}'].includes(name))).toBe(true);
  });
});

/** Whether a key fits what stands behind the bucket in an ARN, `*` being anything. */
function matches(pattern: string, key: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(key);
}
