import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { deployStage, removeStage, stageOptions } from '@cosmicai/deploy';
import { quotedStage } from '../src/stage/stage-concurrency.ts';
import { checkFunctionStacks, openStage } from '../src/stage/stage.ts';

/** The stacks that are there: their status, and whether they have outputs. */
let stacks: Readonly<Record<string, string>> = {};
let refuses: string | undefined;
let unreserved: number | undefined;
let server: Server;

beforeAll(async () => {
  server = createServer((request, response) => {
    void answer(request).then(([status, body]) => response.writeHead(status, { 'content-type': 'text/xml' }).end(body));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });
});
afterAll(() => server.close());
beforeEach(() => {
  stacks = { 'cosmicai-dev': 'UPDATE_COMPLETE' };
  refuses = undefined;
  unreserved = undefined;
});

/** CloudFormation as far as it describes stacks, STS, and a Lambda and an S3 that have nothing. */
async function answer(request: IncomingMessage): Promise<[number, string]> {
  const asked = new URLSearchParams(await text(request));
  if (request.url?.endsWith('/account-settings') === true && unreserved !== undefined)
    return [
      200,
      JSON.stringify({ AccountLimit: { ConcurrentExecutions: 50, UnreservedConcurrentExecutions: unreserved } }),
    ];
  if (asked.get('Action') === 'GetCallerIdentity')
    return [
      200,
      '<R><GetCallerIdentityResult><Account>123456789012</Account><Arn>arn:aws:iam::123456789012:user/me</Arn></GetCallerIdentityResult></R>',
    ];
  const name = asked.get('StackName') ?? '';
  const failure = (code: string, message: string) =>
    `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;
  if (name === refuses) return [403, failure('AccessDenied', 'not authorized')];
  const status = stacks[name];
  if (asked.get('Action') !== 'DescribeStacks') return [404, ''];
  if (status === undefined) return [400, failure('ValidationError', `Stack with id ${name} does not exist`)];
  return [
    200,
    `<R><DescribeStacksResult><Stacks><member><StackStatus>${status}</StackStatus></member></Stacks></DescribeStacksResult></R>`,
  ];
}

const AGAIN = 'Deploy it again: cosmicai deploy dev';

it.each([
  ['there is none', {}, 'There is no stage dev in us-east-1 in this account. Deploy it with: cosmicai deploy dev'],
  ['its first deployment failed', { 'cosmicai-dev': 'ROLLBACK_COMPLETE' }, "can't be updated: see why"],
  ['its last change failed', { 'cosmicai-dev': 'UPDATE_ROLLBACK_COMPLETE' }, 'its last change failed. See why'],
  ['it is of an older version', { 'cosmicai-dev': 'UPDATE_COMPLETE' }, `an older version. ${AGAIN}`],
])('a stage is not opened, which says why, where %s', async (_, there, why) => {
  stacks = there;
  await expect(openStage('dev')).rejects.toThrow(why);
});

describe('the stacks of the functions', () => {
  const stage = { name: 'dev', options: stageOptions('dev') };
  const all = (status: string) => ({
    'cosmicai-init-dev': 'UPDATE_COMPLETE',
    'cosmicai-inference-dev': status,
    'cosmicai-summarize-dev': 'CREATE_COMPLETE',
  });

  it.each(['UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE', 'UPDATE_IN_PROGRESS'])('will do: %s', async (status) => {
    stacks = all(status);
    await checkFunctionStacks(stage);
  });

  it.each([
    ['ROLLBACK_COMPLETE', /^The stack cosmicai-inference-dev is ROLLBACK_COMPLETE.*cosmicai remove dev --keep-bucket/],
    ['CREATE_IN_PROGRESS', /it is being changed/],
    ['REVIEW_IN_PROGRESS', /ended before it began. Deploy the stage again: cosmicai deploy dev$/],
  ])('will not: %s', async (status, why) => {
    stacks = all(status);
    await expect(checkFunctionStacks(stage)).rejects.toThrow(why);
  });

  it('are named when they are missing', async () => {
    const { 'cosmicai-inference-dev': _, ...others } = all('');
    stacks = others;
    await expect(checkFunctionStacks(stage)).rejects.toThrow(
      'The stack cosmicai-inference-dev is not there. Deploy the stage again: cosmicai deploy dev',
    );
  });

  it('hold nobody back who may not look at them', async () => {
    refuses = 'cosmicai-summarize-dev';
    stacks = all('UPDATE_COMPLETE');
    await checkFunctionStacks(stage);
  });
});

it('deploying is refused where a stack has to go first', async () => {
  stacks = { 'cosmicai-summarize-dev': 'DELETE_FAILED' };
  const deployment = deployStage('dev', { say: () => undefined, signal: AbortSignal.timeout(60_000) });
  await expect(deployment).rejects.toThrow(
    /^The stack cosmicai-summarize-dev is DELETE_FAILED. It can't be updated.*remove the stage/,
  );
});

it.each([
  [
    true,
    /^There is nothing of stage dev in us-east-1 in the account 123456789012: none of the stacks [^:]*cosmicai-dev\. Is/,
  ],
  [false, /, cosmicai-dev, and no bucket cosmicai-dev-123456789012-us-east-1\. Is its name right/],
])('removing what is not there is told before anybody is asked (--keep-bucket: %s)', async (keepBucket, told) => {
  stacks = {};
  const confirm = () => Promise.reject(new Error('asked'));
  const removal = removeStage('dev', {
    keepBucket,
    confirm,
    say: () => undefined,
    signal: AbortSignal.timeout(60_000),
  });
  await expect(removal).rejects.toThrow(told);
});

it('a stage is quoted by what its account runs at once, and by what is assumed where AWS does not tell', async () => {
  unreserved = 40;
  const { concurrency } = await quotedStage('dev');
  expect(concurrency).toEqual({ limit: 40, source: 'what this account allows in us-east-1' });
  unreserved = undefined;
  const assumed = (await quotedStage('dev')).concurrency;
  expect(assumed.limit).toBe(1000);
  expect(assumed.source).toMatch(/assumed, as AWS didn't tell \(lambda:GetAccountSettings\); --concurrency/);
});
