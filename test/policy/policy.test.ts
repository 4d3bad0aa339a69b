/* The printed policies against what a rehearsal recorded, and against what stages can have. */
import { join } from 'node:path';
import { stagePolicy, type PolicyRole } from '../../packages/deploy/src/index.ts';
import { ACCOUNT, policyOf, rehearsed, refusedByPolicies, refusedByRoles } from './printed.ts';
import { recorded, reduced } from './recorded.ts';
import { allows, refused, unneeded } from './simulate.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/stages');

const callsOf = (role: PolicyRole) => recorded().filter(({ principal }) => principal === role);

/** What no rehearsal asks for, with the reason why it is allowed. */
const RARE: Readonly<Record<PolicyRole, Readonly<Record<string, string>>>> = {
  runner: {
    's3:AbortMultipartUpload': 'a big file whose upload broke',
  },
  deployer: {
    's3:AbortMultipartUpload': 'a big file whose upload broke',
    's3:GetBucketLocation': 'the framework asks for it where it did not make the bucket',
    's3:PutBucketPublicAccessBlock': 'moto calls it by another name',
    'cloudformation:DescribeStackResource': 'the framework asks where a stack has a bucket of its own',
    'cloudformation:TagResource': 'is checked with CreateStack',
  },
};

describe.each(['runner', 'deployer'] as const)('the policy of a %s', (role) => {
  it('allows every call that a rehearsal recorded, and nothing that none needed but what has a reason', () => {
    const { allowed, statements } = rehearsed(role);
    expect(callsOf(role).length).toBeGreaterThan(20);
    expect(refused(allowed, callsOf(role))).toEqual([]);
    // What CloudFormation asks for in the deployer's name is never seen.
    const own = allowed.filter(({ Sid }) => Sid?.startsWith('Types') !== true);
    expect(unneeded(own, callsOf(role)).filter((action) => RARE[role][action] === undefined)).toEqual([]);
    expect(statements.every(({ why }) => why.length > 10)).toBe(true);
  });

  it('takes nothing of another stage, though its name begin alike', () => {
    const { allowed } = rehearsed(role);
    const own = ['stateMachine:cosmicai-dev', 'stack/cosmicai-dev/', 'function:cosmicai-inference-dev-inference'];
    const others = callsOf(role)
      .filter(
        ({ resource }) =>
          own.some((part) => resource.includes(part)) || resource.startsWith('arn:aws:s3:::cosmicai-dev-1'),
      )
      .map((asked) => ({ ...asked, resource: asked.resource.replace(/-dev(?=[-/]|$)/g, '-dev-two') }));
    expect(others.length).toBeGreaterThan(3);
    expect(others.filter((asked) => allows(allowed, asked))).toEqual([]);
  });

  it.each([
    ['us-east-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
  ])('names resources of %s by the partition %s', (region, partition) => {
    const { statements } = policyOf(role, 'full', FIXTURES, region);
    const arns = statements.flatMap(({ resources }) => resources).filter((resource) => resource !== '*');
    expect(arns.filter((arn) => !arn.startsWith(`arn:${partition}:`))).toEqual([]);
  });

  it('fits what IAM takes, and says where it does not fit a managed policy', () => {
    for (const stage of ['dev', 'met', 'full']) {
      const { size, notes, allowed } = policyOf(role, stage, FIXTURES);
      expect(size).toBeLessThanOrEqual(10_240);
      expect(notes.some((note) => note.includes('put-role-policy'))).toBe(size > 6144);
      const sids = allowed.map(({ Sid }) => Sid!);
      expect(new Set(sids).size).toBe(sids.length);
      for (const sid of sids) expect(sid).toMatch(/^[A-Za-z0-9]+$/);
    }
  });
});

it('asks for an account, and says what no account and no region is', () => {
  expect(stagePolicy('runner', 'dev').notes.join()).toContain('--account');
  expect(() => stagePolicy('runner', 'dev', { account: '12' })).toThrow(/12 digits/);
  expect(() => stagePolicy('runner', 'dev', { region: 'mars' })).toThrow(/no region/);
});

it('lets only stages with a rendezvous server look for it', () => {
  const sids = (stage: string) => policyOf('runner', stage, FIXTURES).allowed.map(({ Sid }) => Sid);
  expect(sids('full')).toContain('LookAtServer');
  expect(sids('dev')).not.toContain('LookAtServer');
});

describe('reduced calls', () => {
  const line = (principal: string, resource: string) =>
    `${JSON.stringify({ principal, service: 's3', action: 'GetObject', resource })}\n`;
  it('are one for each kind of object, and only those of users and functions of the stage', () => {
    const object = (run: string) => `arn:aws:s3:::cosmicai-dev-${ACCOUNT}-us-east-1/results/runs/${run}/0.json`;
    const lines = line('runner', object('a')) + line('runner', object('b')) + line('rehearsal', object('c'));
    expect(reduced(lines)).toEqual([{ principal: 'runner', action: 's3:GetObject', resource: object('one') }]);
  });
});

it('finds what a rehearsal asks for that the policies do not allow', () => {
  const call = {
    principal: 'runner',
    service: 's3',
    action: 'PutObject',
    resource: `arn:aws:s3:::cosmicai-dev-${ACCOUNT}-us-east-1/x`,
  };
  const [found] = refusedByPolicies(`${JSON.stringify(call)}\n`);
  expect(found).toMatchObject({ principal: 'runner', action: 's3:PutObject' });
});

it('finds what a function asks for that its role does not allow, and functions without a role', () => {
  const bucket = `arn:aws:s3:::cosmicai-dev-${ACCOUNT}-us-east-1`;
  const asked = (name: string, action: string) =>
    JSON.stringify({
      principal: `cosmicai-${name}-dev-us-east-1-${name}`,
      service: 's3',
      action,
      resource: `${bucket}/x`,
    });
  const lines = [asked('init', 'GetObject'), asked('init', 'PutObject'), asked('summarize', 'GetObject')].join('\n');
  const may = { Effect: 'Allow', Action: 's3:GetObject', Resource: `${bucket}/*` };
  const found = refusedByRoles(lines, { 'cosmicai-init-dev-us-east-1-init': [may] });
  expect(found.map(({ principal, action }) => [principal.split('-')[1], action])).toEqual([
    ['init', 's3:PutObject'],
    ['summarize', 's3:GetObject'],
  ]);
});

describe('the simulator', () => {
  const on = (Resource: unknown, Effect = 'Allow') => ({ Effect, Action: 's3:GetObject', Resource });
  const asked = { action: 's3:GetObject', resource: 'arn:aws:s3:::b/results/runs/1.json' };
  it('lets denials win, and reads patterns as IAM does', () => {
    expect(allows([on('arn:aws:s3:::b/results/*')], asked)).toBe(true);
    expect(allows([on('arn:aws:s3:::b/results/*'), on('arn:aws:s3:::b/*/runs/?.json', 'Deny')], asked)).toBe(false);
    expect(allows([on('arn:aws:s3:::b/result')], asked)).toBe(false);
    expect(allows([on({ 'Fn::GetAtt': ['Bucket', 'Arn'] })], asked)).toBe(false);
  });
});
