import { join } from 'node:path';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  DescribeMapRunCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  RedriveExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
  type HistoryEvent,
} from '@aws-sdk/client-sfn';
import { parseReportLog } from '@cosmicai/payload';
import { startStandIn, whyNoStandIn, type FunctionCall, type StandIn } from '../src/index.ts';

const reason = whyNoStandIn();
if (reason !== undefined) console.warn(`The stand-in's Step Functions is not tested: ${reason}`);

const BUCKET = 'items';

/** Works on the items that `items` of its input names, and says how that went. */
const definition = (type: string) => ({
  StartAt: 'Work',
  States: {
    Work: {
      Type: 'Map',
      Label: 'Work',
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        ReaderConfig: { InputType: 'JSON' },
        Parameters: { Bucket: BUCKET, 'Key.$': '$.items' },
      },
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: type },
        StartAt: 'One',
        States: {
          One: {
            Type: 'Task',
            Resource: 'arn:aws:states:::lambda:invoke',
            Parameters: { FunctionName: 'work', 'Payload.$': '$' },
            OutputPath: '$.Payload',
            End: true,
          },
        },
      },
      MaxConcurrencyPath: '$.concurrency',
      ToleratedFailurePercentagePath: '$.tolerated',
      ResultWriter: {
        Resource: 'arn:aws:states:::s3:putObject',
        Parameters: { Bucket: BUCKET, 'Prefix.$': '$.prefix' },
      },
      ResultPath: '$.map',
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: 'Say' }],
      Next: 'Say',
    },
    Say: { Type: 'Pass', End: true },
  },
});

(reason === undefined ? describe : describe.skip)('a Distributed Map of the stand-in', () => {
  let aws: StandIn;
  let sfn: SFNClient;
  let s3: S3Client;
  let intercept: (call: FunctionCall) => string | Promise<string>;
  const machines = new Map<string, string>();

  beforeAll(async () => {
    aws = await startStandIn({
      functions: [
        {
          name: 'work',
          folder: join(import.meta.dirname, 'fixtures'),
          handler: 'handler.work',
          memoryMb: 256,
          timeoutSeconds: 60,
          environment: {},
        },
      ],
      intercept: (call) => intercept(call),
    });
    const options = {
      endpoint: aws.endpoint,
      region: aws.region,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
    sfn = new SFNClient(options);
    s3 = new S3Client({ ...options, forcePathStyle: true });
    await fetch(`${aws.endpoint}/${BUCKET}`, { method: 'PUT' });
    for (const type of ['STANDARD', 'EXPRESS']) {
      const { stateMachineArn } = await sfn.send(
        new CreateStateMachineCommand({
          name: type.toLowerCase(),
          definition: JSON.stringify(definition(type)),
          roleArn: `arn:aws:iam::${aws.account}:role/any`,
        }),
      );
      machines.set(type, stateMachineArn!);
    }
  }, 120_000);
  beforeEach(() => {
    intercept = ({ payload }) => payload;
  });
  afterAll(() => aws.close());

  async function start(
    name: string,
    items: readonly object[],
    { tolerated = 0, concurrency = 10, type = 'STANDARD' } = {},
  ): Promise<string> {
    const Body = JSON.stringify(items.map((item, index) => ({ index, ...item })));
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: `${name}.json`, Body }));
    const input = JSON.stringify({ items: `${name}.json`, prefix: `out/${name}`, tolerated, concurrency });
    const request = { stateMachineArn: machines.get(type)!, name, input };
    return (await sfn.send(new StartExecutionCommand(request))).executionArn!;
  }

  async function ended(executionArn: string) {
    for (;;) {
      const found = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      if (found.status !== 'RUNNING') return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  const history = async (executionArn: string): Promise<readonly HistoryEvent[]> =>
    (await sfn.send(new GetExecutionHistoryCommand({ executionArn }))).events!;
  const typesOf = (events: readonly HistoryEvent[]) => events.map(({ type }) => type);
  const mapRunOf = (events: readonly HistoryEvent[]) =>
    events.flatMap(({ mapRunStartedEventDetails: details }) => details?.mapRunArn ?? [])[0]!;

  /** What the Map has written about its children, by list. */
  async function results(name: string): Promise<Record<string, Record<string, string>[]>> {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: `out/${name}/` }));
    const lists = Contents.map(({ Key }) => Key!).filter((key) => !key.endsWith('/manifest.json'));
    const read = async (key: string) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
      return [key.split('/').at(-1)!.split('_')[0]!, JSON.parse(await Body!.transformToString())] as const;
    };
    return Object.fromEntries(await Promise.all(lists.map(read)));
  }

  it('has children with a history and a result each, whose requests the function has logged', async () => {
    const arn = await start('fine', [{}, {}, {}]);
    const { status, output } = await ended(arn);
    expect(status).toBe('SUCCEEDED');
    const events = await history(arn);
    const mapRunArn = mapRunOf(events);
    expect(JSON.parse(output!)).toMatchObject({
      map: {
        MapRunArn: mapRunArn,
        ResultWriterDetails: { Bucket: BUCKET, Key: `out/fine/${mapRunArn.split(':').at(-1)!}/manifest.json` },
      },
    });
    const { executionCounts, itemCounts } = await sfn.send(new DescribeMapRunCommand({ mapRunArn }));
    expect([executionCounts, itemCounts]).toEqual(Array(2).fill(expect.objectContaining({ total: 3, succeeded: 3 })));

    const { SUCCEEDED = [], ...others } = await results('fine');
    expect(others).toEqual({});
    expect(SUCCEEDED.map(({ Output }) => Output)).toEqual(['{"index": 0}', '{"index": 1}', '{"index": 2}']);
    const child = await history(SUCCEEDED[1]!.ExecutionArn!);
    expect(typesOf(child)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
    const answer = JSON.parse(child[4]!.taskSucceededEventDetails!.output!) as {
      SdkResponseMetadata: { RequestId: string };
    };
    const logged = (await aws.functionLogs('work')).map(({ message }) => message).join('');
    expect(parseReportLog(logged).reports.map(({ requestId }) => requestId)).toContain(
      answer.SdkResponseMetadata.RequestId,
    );
  });

  it('fails when more fail than it tolerates, and leaves the rest', async () => {
    const arn = await start('too-many', [{}, { fail: true }, {}, {}], { concurrency: 1 });
    const { status, output } = await ended(arn);
    expect(status).toBe('SUCCEEDED');
    const error = { Error: 'States.ExceedToleratedFailureThreshold', Cause: expect.any(String) as string };
    expect(JSON.parse(output!)).toMatchObject({ error });
    const events = await history(arn);
    expect(typesOf(events)).toEqual(expect.arrayContaining(['MapRunFailed', 'MapStateFailed']));
    const { SUCCEEDED, FAILED, PENDING } = await results('too-many');
    expect([SUCCEEDED, FAILED, PENDING].map((list) => list?.length)).toEqual([1, 1, 2]);
    expect(FAILED![0]).toMatchObject({ Status: 'FAILED', Error: 'RangeError' });
    const failed = { mapRunArn: mapRunOf(events), statusFilter: 'FAILED' as const };
    const { executions } = await sfn.send(new ListExecutionsCommand(failed));
    expect(executions!.map(({ executionArn }) => executionArn)).toEqual([FAILED![0]!.ExecutionArn]);
  });

  it('succeeds with as many failures as it tolerates', async () => {
    const { status, output } = await ended(await start('tolerated', [{}, { fail: true }], { tolerated: 50 }));
    expect(status).toBe('SUCCEEDED');
    expect(JSON.parse(output!)).not.toHaveProperty('error');
    expect((await results('tolerated')).FAILED).toHaveLength(1);
  });

  it('has no history of EXPRESS children', async () => {
    expect((await ended(await start('express', [{}], { type: 'EXPRESS' }))).status).toBe('SUCCEEDED');
    const [child] = (await results('express')).SUCCEEDED!;
    expect(child!.ExecutionArn).toContain(':express:express/Work:');
    await expect(history(child!.ExecutionArn!)).rejects.toThrow();
  });

  it('is stopped at once, and redriven with those that had not succeeded', async () => {
    const [reached, released] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    const called: number[] = [];
    intercept = async ({ payload }) => {
      const { index } = JSON.parse(payload) as { index: number };
      called.push(index);
      if (index > 0) {
        reached.resolve(undefined);
        await released.promise;
      }
      return payload;
    };
    const arn = await start('stopped', [{}, {}, {}], { concurrency: 1 });
    await reached.promise;
    await sfn.send(new StopExecutionCommand({ executionArn: arn, error: 'Stopped', cause: 'by a test' }));
    const stopped = await sfn.send(new DescribeExecutionCommand({ executionArn: arn }));
    expect(stopped).toMatchObject({ status: 'ABORTED', error: 'Stopped', cause: 'by a test' });
    const before = await history(arn);
    expect(typesOf(before).slice(-3)).toEqual(['MapRunAborted', 'MapStateAborted', 'ExecutionAborted']);
    const mapRunArn = mapRunOf(before);
    expect(await sfn.send(new DescribeMapRunCommand({ mapRunArn }))).toMatchObject({
      status: 'ABORTED',
      executionCounts: { total: 3, succeeded: 1, aborted: 1, pending: 1 },
    });

    released.resolve(undefined);
    called.length = 0;
    await sfn.send(new RedriveExecutionCommand({ executionArn: arn }));
    expect((await ended(arn)).status).toBe('SUCCEEDED');
    expect(called).toEqual([1, 2]);
    const after = await history(arn);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.map(({ id }) => id)).toEqual(after.map((_, at) => at + 1));
    expect(typesOf(after).slice(before.length)).toEqual([
      'ExecutionRedriven',
      'MapRunRedriven',
      'MapRunSucceeded',
      'MapStateSucceeded',
      'MapStateExited',
      'PassStateEntered',
      'PassStateExited',
      'ExecutionSucceeded',
    ]);
    expect((await results('stopped')).SUCCEEDED).toHaveLength(3);
    await expect(sfn.send(new RedriveExecutionCommand({ executionArn: arn }))).rejects.toThrow(/SUCCEEDED/);
  });

  it('asks as the role of its machine, which is written down as IAM names it', async () => {
    expect((await ended(await start('asked', [{}]))).status).toBe('SUCCEEDED');
    const calls = await aws.calls();
    const of = (principal: string) => calls.filter((call) => call.principal === principal);
    expect(of('any')).toEqual(
      expect.arrayContaining([
        {
          principal: 'any',
          service: 'lambda',
          action: 'InvokeFunction',
          resource: `arn:aws:lambda:${aws.region}:${aws.account}:function:work`,
          operation: 'Invoke',
        },
        expect.objectContaining({ service: 's3', action: 'GetObject', resource: `arn:aws:s3:::${BUCKET}/asked.json` }),
      ]),
    );
    expect(of('test')).toContainEqual(
      expect.objectContaining({ service: 's3', action: 'ListBucket', resource: `arn:aws:s3:::${BUCKET}` }),
    );
    expect(of('test')).toContainEqual(
      expect.objectContaining({
        service: 'states',
        action: 'StartExecution',
        resource: machines.get('STANDARD'),
      }),
    );
  });
});
