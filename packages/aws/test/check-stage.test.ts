import { EnvironmentError } from '@cosmicai/payload';
import { stageOptions, type StageOptions } from '@cosmicai/deploy';
import { checkInView } from '../src/doctor/check-stage.ts';
import { request } from '../src/doctor/refused-actions.ts';
import type { StageView } from '../src/doctor/stage-view.ts';

const ARN = 'arn:aws:sts::123456789012:assumed-role/astronomer/me';
const OUTPUTS = new Map([
  ['BucketName', 'cosmicai-dev-123456789012-us-east-1'],
  ['RendezvousClusterName', 'cosmicai-dev'],
  ['RendezvousServiceName', 'rendezvous'],
  ['RendezvousPort', '10000'],
]);
const ON_DEMAND = new Map([...OUTPUTS, ['RendezvousMode', 'on-demand']]);
const STACK = { status: 'UPDATE_COMPLETE', reason: undefined, outputs: OUTPUTS };
const ACTIVE = { state: 'Active', reason: undefined, lastUpdate: 'Successful' };
const SERVER = { desired: 1, running: 1, image: 'registry/rendezvous:1', lastEvent: undefined };

/** An account in which all is well. */
const WELL: StageView = {
  identity: () => Promise.resolve({ id: '123456789012', caller: ARN }),
  clockSkewMs: () => 400,
  concurrency: () => Promise.resolve({ account: 1000, unreserved: 900 }),
  stack: () => Promise.resolve(STACK),
  bucket: () => Promise.resolve({ region: 'us-east-1', hasPayload: true }),
  functionState: () => Promise.resolve(ACTIVE),
  server: () => Promise.resolve(SERVER),
  hasContainersRole: () => Promise.resolve(true),
  refusedActions: () => Promise.resolve([]),
};

/** As the SDK throws it, with the sentence around it. */
function denied(): Promise<never> {
  const cause = Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' });
  return Promise.reject(new EnvironmentError('You may not look: not authorized', { cause }));
}

const options = (change: object = {}) => {
  const byDefault = stageOptions('dev');
  return { ...byDefault, rendezvous: { ...byDefault.rendezvous, enabled: true }, ...change } as StageOptions;
};

interface Changes {
  readonly region?: string;
  readonly options?: object;
}

async function found(view: Partial<StageView> = {}, { region = 'us-east-1', options: change }: Changes = {}) {
  const stage = { name: 'dev', region, options: options(change) };
  const findings = await checkInView(stage, { ...WELL, ...view });
  return Object.fromEntries(findings.map(({ check, ...rest }) => [check, rest]));
}

const states = (findings: Awaited<ReturnType<typeof found>>) =>
  Object.fromEntries(Object.entries(findings).map(([check, { state }]) => [check, state]));

const stackOf = (name: string, value: Awaited<ReturnType<StageView['stack']>>) => ({
  stack: (asked: string) => Promise.resolve(asked === name ? value : STACK),
});
const functionOf = (change: object) => ({
  functionState: (name: string) =>
    Promise.resolve(name === 'cosmicai-inference-dev-inference' ? { ...ACTIVE, ...change } : ACTIVE),
});
const serverOf = (change: object) => ({ server: () => Promise.resolve({ ...SERVER, ...change }) });

it('tells of all that a stage needs, in order, where all is well', async () => {
  const findings = await found();
  expect(Object.keys(findings)).toEqual([
    'credentials',
    'region',
    'clock',
    'concurrency',
    'stacks',
    'bucket',
    'functions',
    'rendezvous',
    'ECS role',
    'permissions',
  ]);
  expect(new Set(Object.values(states(findings)))).toEqual(new Set(['ok']));
  expect(findings.credentials!.detail).toBe(`${ARN}, account 123456789012, partition aws`);
  expect(findings.stacks!.detail).toMatch(/^cosmicai-dev UPDATE_COMPLETE, cosmicai-init-dev UPDATE_COMPLETE, /);
  expect(findings.functions!.detail).toBe('5 are there and active');
  expect(findings.concurrency!.detail).toBe('1000 functions at once, 900 of them not reserved');
  expect(findings.rendezvous!.detail).toBe('1 of 1 tasks run, image registry/rendezvous:1');
});

const UNAVAILABLE = () => Promise.reject(new Error('AWS did not answer.'));

it.each<[string, 'ok' | 'failed' | 'off', RegExp, Partial<StageView>, Changes?]>([
  ['region', 'failed', /cn-north-1 is in the partition aws-cn.*of aws:/, {}, { region: 'cn-north-1' }],
  ['clock', 'failed', /is 301 s behind AWS's.*timedatectl/, { clockSkewMs: () => 301_000 }],
  ['clock', 'failed', /is 3600 s ahead of AWS's/, { clockSkewMs: () => -3_600_000 }],
  ['clock', 'ok', /is 299 s behind/, { clockSkewMs: () => 299_000 }],
  ['clock', 'off', /told no time/, { clockSkewMs: () => undefined }],
  [
    'concurrency',
    'ok',
    /allows 10 concurrent.*L-B99A9384/,
    { concurrency: () => Promise.resolve({ account: 10, unreserved: 10 }) },
  ],
  [
    'concurrency',
    'failed',
    /reserve all there is/,
    { concurrency: () => Promise.resolve({ account: 1000, unreserved: 0 }) },
  ],
  [
    'concurrency',
    'failed',
    /reserved_concurrency is 950/,
    {},
    { options: { inference: { ...stageOptions('dev').inference, reserved_concurrency: 950 } } },
  ],
  ['concurrency', 'off', /lambda:GetAccountSettings/, { concurrency: () => Promise.resolve(undefined) }],
  [
    'stacks',
    'failed',
    /no stage dev in us-east-1 in the account 123456789012.*cosmicai deploy dev/,
    { stack: () => Promise.resolve(undefined) },
  ],
  ['stacks', 'failed', /You may not look/, { stack: denied }],
  [
    'stacks',
    'failed',
    /cosmicai-summarize-dev is not there.*cosmicai deploy dev/,
    stackOf('cosmicai-summarize-dev', undefined),
  ],
  [
    'stacks',
    'failed',
    /UPDATE_ROLLBACK_COMPLETE \(no quota\): its last change failed.*describe-stack-events/,
    stackOf('cosmicai-init-dev', { ...STACK, status: 'UPDATE_ROLLBACK_COMPLETE', reason: 'no quota' }),
  ],
  [
    'stacks',
    'failed',
    /can't be updated.*cosmicai remove dev --keep-bucket/,
    stackOf('cosmicai-init-dev', { ...STACK, status: 'ROLLBACK_COMPLETE' }),
  ],
  ['stacks', 'failed', /is being changed/, stackOf('cosmicai-init-dev', { ...STACK, status: 'UPDATE_IN_PROGRESS' })],
  [
    'stacks',
    'failed',
    /did not answer/,
    { stack: (name) => (name === 'cosmicai-dev' ? Promise.resolve(STACK) : UNAVAILABLE()) },
  ],
  [
    'stacks',
    'ok',
    /; 3 more could not be looked at/,
    { stack: (name) => (name === 'cosmicai-dev' ? Promise.resolve(STACK) : denied()) },
  ],
  [
    'bucket',
    'failed',
    /There is no bucket cosmicai-dev-123456789012-us-east-1.*cosmicai deploy dev/,
    { bucket: () => Promise.resolve(undefined) },
  ],
  [
    'bucket',
    'failed',
    /is in eu-west-1, the stage in us-east-1/,
    { bucket: () => Promise.resolve({ region: 'eu-west-1', hasPayload: false }) },
  ],
  ['bucket', 'failed', /may not read.*policy runner --stage dev/, { bucket: denied }],
  ['bucket', 'failed', /did not answer/, { bucket: UNAVAILABLE }],
  [
    'bucket',
    'ok',
    /payload\.json is gone/,
    { bucket: () => Promise.resolve({ region: undefined, hasPayload: false }) },
  ],
  [
    'functions',
    'failed',
    /inference is not there.*cosmicai deploy dev/,
    { functionState: (name) => Promise.resolve(name.endsWith('-inference') ? undefined : ACTIVE) },
  ],
  [
    'functions',
    'failed',
    /inference is inactive \(idle\).*lambda invoke --region us-east-1/,
    functionOf({ state: 'Inactive', reason: 'idle' }),
  ],
  ['functions', 'failed', /being made ready/, functionOf({ state: 'Pending' })],
  ['functions', 'failed', /being made ready/, functionOf({ lastUpdate: 'InProgress' })],
  ['functions', 'failed', /can't be called.*cosmicai deploy dev/, functionOf({ lastUpdate: 'Failed' })],
  ['functions', 'off', /could not be looked at: You may not look/, { functionState: denied }],
  [
    'rendezvous',
    'failed',
    /0 of 1 tasks run, image not known \(no capacity\).*\/cosmicai\/dev\/rendezvous/,
    serverOf({ running: 0, image: undefined, lastEvent: 'no capacity' }),
  ],
  ['rendezvous', 'off', /paused.*--desired-count 1/, serverOf({ desired: 0, running: 0 })],
  [
    'rendezvous',
    'ok',
    /for runs only, and starts with the next/,
    { ...serverOf({ desired: 0, running: 0 }), stack: () => Promise.resolve({ ...STACK, outputs: ON_DEMAND }) },
  ],
  ['rendezvous', 'failed', /service rendezvous is not there/, { server: () => Promise.resolve(undefined) }],
  ['rendezvous', 'failed', /no server is deployed/, { stack: () => Promise.resolve({ ...STACK, outputs: new Map() }) }],
  ['ECS role', 'failed', /create-service-linked-role/, { hasContainersRole: () => Promise.resolve(false) }],
  [
    'ECS role',
    'ok',
    /deploying makes it/,
    { hasContainersRole: () => Promise.resolve(false), stack: () => Promise.resolve(undefined) },
  ],
  ['ECS role', 'off', /You may not look/, { hasContainersRole: denied }],
  [
    'permissions',
    'failed',
    /not allowed: s3:PutObject\. .*policy runner --stage dev --account 123456789012/,
    { refusedActions: () => Promise.resolve(['s3:PutObject']) },
  ],
  ['permissions', 'off', /did not answer.*policy runner/, { refusedActions: UNAVAILABLE }],
])('says of %s that it is %s: %s', async (check, state, detail, view, changes = {}) => {
  const findings = await found(view, changes);
  expect(findings[check]).toEqual({ state, detail: expect.stringMatching(new RegExp(detail.source, 's')) as string });
});

it('looks at nothing else without credentials, but at the clock, which may be why', async () => {
  const identity = () => Promise.reject(new EnvironmentError("AWS doesn't know who you are."));
  const findings = await found({ identity, clockSkewMs: () => 600_000 });
  const { credentials, clock, ...others } = states(findings);
  expect([credentials, clock]).toEqual(['failed', 'failed']);
  expect(new Set(Object.values(others))).toEqual(new Set(['off']));
  expect(Object.keys(findings)).toEqual(Object.keys(await found()));
});

it('looks for nothing in a stage that is not deployed', async () => {
  const { stacks, bucket, functions, rendezvous } = states(await found({ stack: () => Promise.resolve(undefined) }));
  expect([stacks, bucket, functions, rendezvous]).toEqual(['failed', 'off', 'off', 'off']);
});

it('needs no server where the stage has none', async () => {
  const { rendezvous } = stageOptions('dev');
  const stack = () => Promise.resolve({ ...STACK, outputs: new Map([['BucketName', 'galaxies']]) });
  const findings = await found({ stack }, { options: { rendezvous: { ...rendezvous, enabled: false } } });
  expect(findings.rendezvous!.state).toBe('off');
  expect(findings['ECS role']!.state).toBe('off');
});

it('simulates requests, which name things and meet conditions', () => {
  const statement = { sid: 'One', why: '', actions: ['ecs:ListTasks'], resources: ['arn:aws:s3:::b/results/*'] };
  expect(request('arn:aws:iam::1:role/r', { ...statement, condition: { ArnEquals: { 'ecs:cluster': 'c' } } })).toEqual({
    PolicySourceArn: 'arn:aws:iam::1:role/r',
    ActionNames: ['ecs:ListTasks'],
    ResourceArns: ['arn:aws:s3:::b/results/example'],
    ContextEntries: [{ ContextKeyName: 'ecs:cluster', ContextKeyType: 'string', ContextKeyValues: ['c'] }],
  });
  expect(request('p', { ...statement, resources: ['*'] })).toEqual({
    PolicySourceArn: 'p',
    ActionNames: ['ecs:ListTasks'],
  });
});
