import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FORMAT, parseReportLog } from '@cosmicai/payload';
import { loadDefinition } from '../src/index.ts';
import { fixture, outline, Workspace } from './workspace.ts';

const definition = loadDefinition(fixture('workflow.asl.yml'), {
  variables: { stage: 'dev' },
  functions: { 'dev-init': 'init', 'dev-check': 'check', 'dev-inference': 'inference', 'dev-summarize': 'summarize' },
});

let workspace: Workspace;
beforeEach(() => (workspace = new Workspace()));
afterEach(() => workspace.remove());

const input = (fields: object = {}) => ({ folder: workspace.folder, world_size: 3, ...fields });

interface MapManifest {
  readonly ResultFiles: Readonly<Record<'SUCCEEDED' | 'FAILED' | 'PENDING', { Key: string; Size: number }[]>>;
}

interface MapChild {
  readonly StartDate: string;
  readonly StopDate: string;
}

async function readJson<T>(key: string): Promise<T> {
  return JSON.parse((await workspace.store.get(key)).toString('utf8')) as T;
}

describe('the workflow on one machine', () => {
  it('runs from Initialize to Succeed', async () => {
    const result = await workspace.run({ definition });
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { body: 'done', error: null } });
    expect(workspace.calls().sort()).toEqual(['init', 'rank 0', 'rank 1', 'rank 2', 'summarize']);
    expect(outline(result)).toEqual([
      'RunStarted',
      'StateEntered Initialize',
      'StateExited Initialize',
      'StateEntered WithFmi',
      'StateExited WithFmi',
      'StateEntered Infer',
      'MapRunStarted Infer',
      ...['ChildStarted Infer', 'ChildStarted Infer', 'ChildSucceeded Infer'],
      ...['ChildStarted Infer', 'ChildSucceeded Infer', 'ChildSucceeded Infer'],
      'MapRunEnded Infer',
      'StateExited Infer',
      'StateEntered Summarize',
      'StateExited Summarize',
      'StateEntered Outcome',
      'StateExited Outcome',
      'StateEntered RunSucceeded',
      'StateExited RunSucceeded',
      'RunEnded',
    ]);
  });

  it('takes the branch for FMI', async () => {
    await workspace.run({ definition, input: input({ fmi_enabled: true }) });
    expect(workspace.calls().slice(0, 2)).toEqual(['init', 'check']);
  });

  it('leaves the results of the Map in the shape of AWS', async () => {
    const result = await workspace.run({ definition });
    const map = (result.output as { map: { MapRunArn: string; ResultWriterDetails: { Bucket: string; Key: string } } })
      .map;
    expect(map.MapRunArn).toMatch(/^arn:aws:states:local:000000000000:mapRun:cosmicai\/Infer:[0-9a-f-]{36}$/);
    expect(map.ResultWriterDetails.Bucket).toBe('data');
    expect(map.ResultWriterDetails.Key).toMatch(/^results\/map\/[0-9a-f-]{36}\/manifest\.json$/);
    const manifest = await readJson<MapManifest>(map.ResultWriterDetails.Key);
    expect(manifest).toEqual({
      DestinationBucket: 'data',
      MapRunArn: map.MapRunArn,
      ResultFiles: { FAILED: [], PENDING: [], SUCCEEDED: [{ Key: expect.any(String), Size: expect.any(Number) }] },
    });
    const { Key, Size } = manifest.ResultFiles.SUCCEEDED[0]!;
    expect((await workspace.store.get(Key)).length).toBe(Size);
    const children = await readJson<MapChild[]>(Key);
    expect(children).toHaveLength(3);
    expect(children[1]).toMatchObject({
      ExecutionArn: expect.stringMatching(/:execution:cosmicai\/Infer:[0-9a-f-]{36}$/),
      Input: JSON.stringify({ RANK: '1', WORLD_SIZE: '3', folder: workspace.folder }),
      InputDetails: { Included: true },
      Output: JSON.stringify({ rank: 1, attempts: 1 }),
      OutputDetails: { Included: true },
      Status: 'SUCCEEDED',
      StateMachineArn: 'arn:aws:states:local:000000000000:stateMachine:cosmicai/Infer',
    });
    expect(Date.parse(children[1]!.StopDate)).toBeGreaterThanOrEqual(Date.parse(children[1]!.StartDate));
  });

  it('fails the Map at the first failed rank when nothing is tolerated, and still summarizes', async () => {
    const result = await workspace.run({
      definition,
      concurrency: 1,
      input: input({ tasks: { 1: { failures: 99 } } }),
    });
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.ExceedToleratedFailureThreshold' });
    expect(result.cause).toContain('1 of 3 items failed');
    expect(result.cause).toContain('rank 1 failed in attempt 1');
    expect(workspace.calls()).toEqual(['init', 'rank 0', 'rank 1', 'summarize']);
    const ended = result.events.find((event) => event.type === 'MapRunEnded')!;
    expect(ended).toMatchObject({ status: 'FAILED', succeeded: 1, failed: 1, aborted: 0, pending: 1 });
    const manifest = await readJson<MapManifest>(ended.manifestKey!);
    const failed = await readJson(manifest.ResultFiles.FAILED[0]!.Key);
    expect(failed).toMatchObject([
      { Status: 'FAILED', Error: 'PartitionError', Cause: expect.stringContaining('rank 1') },
    ]);
    const pending = await readJson(manifest.ResultFiles.PENDING[0]!.Key);
    expect(pending).toEqual([
      { Input: expect.stringContaining('"RANK":"2"'), InputDetails: { Included: true }, Status: 'PENDING' },
    ]);
  });

  it('aborts the ranks that are still at work when too many have failed', async () => {
    const result = await workspace.run({
      definition,
      input: input({ world_size: 2, tasks: { 0: { hang: 99 }, 1: { failures: 99 } } }),
    });
    expect(result.status).toBe('FAILED');
    expect(result.events.find((event) => event.type === 'MapRunEnded')).toMatchObject({
      failed: 1,
      aborted: 1,
      pending: 0,
    });
  });

  it('goes on within the tolerance', async () => {
    const result = await workspace.run({
      definition,
      input: input({ world_size: 4, tolerated: 50, tasks: { 1: { failures: 99 }, 2: { failures: 99 } } }),
    });
    expect(result.status).toBe('SUCCEEDED');
    expect(result.events.find((event) => event.type === 'MapRunEnded')).toMatchObject({
      succeeded: 2,
      failed: 2,
      pending: 0,
    });
    const three = new Workspace();
    try {
      const tasks = { 0: { failures: 99 }, 1: { failures: 99 }, 2: { failures: 99 } };
      const worse = await three.run({
        definition,
        input: { folder: three.folder, world_size: 4, tolerated: 50, tasks },
      });
      expect(worse).toMatchObject({ status: 'FAILED', error: 'States.ExceedToleratedFailureThreshold' });
    } finally {
      three.remove();
    }
  });

  it('runs a rank again whose process was killed in the middle', async () => {
    const killed: number[] = [];
    const result = await workspace.run({
      definition,
      input: input({ tasks: { 1: { hang: 1 } } }),
      onEvent: (event) => {
        if (event.type !== 'FunctionStarted' || event.in !== 'Infer[1]' || killed.length > 0) return;
        killed.push(event.pid!);
        const wait = setInterval(() => {
          if (!workspace.calls().includes('rank 1')) return;
          clearInterval(wait);
          process.kill(event.pid!, 'SIGKILL');
        }, 5);
      },
    });
    expect(result.status).toBe('SUCCEEDED');
    expect(killed).toHaveLength(1);
    expect(workspace.calls().filter((call) => call === 'rank 1')).toHaveLength(2);
    const inRank = result.events.filter((event) => event.in === 'Infer[1]').map((event) => event.type);
    expect(inRank).toEqual([
      'StateEntered',
      ...['FunctionStarted', 'FunctionEnded', 'StateFailed'],
      'StateRetried',
      ...['FunctionStarted', 'FunctionEnded', 'StateExited'],
    ]);
    expect(result.events.find((event) => event.type === 'StateFailed')).toMatchObject({ error: 'Runtime.ExitError' });
  });

  it('keeps events, reports and logs in the folder of the run', async () => {
    const result = await workspace.run({ definition });
    const events = readFileSync(join(workspace.runDirectory, 'events.jsonl'), 'utf8').trimEnd().split('\n');
    const [first, ...rest] = result.events;
    // The file tells its format in its first line.
    expect(events.map((line) => JSON.parse(line) as unknown)).toEqual([{ ...first, format: FORMAT }, ...rest]);
    expect(result.events.map((event) => event.id)).toEqual(result.events.map((_, index) => index + 1));
    const { reports } = parseReportLog(readFileSync(join(workspace.runDirectory, 'reports.log'), 'utf8'));
    expect(reports).toHaveLength(5);
    expect(reports.map((report) => report.requestId)).toEqual(result.reports.map((report) => report.requestId));
    expect(result.reports.map((report) => report.functionName).sort()).toEqual([
      ...['inference', 'inference', 'inference', 'init', 'summarize'],
    ]);
    for (const name of ['init', 'inference', 'summarize']) {
      expect(existsSync(join(workspace.runDirectory, 'logs', `${name}.log`))).toBe(true);
    }
    expect(JSON.parse(readFileSync(join(workspace.runDirectory, 'result.json'), 'utf8'))).toMatchObject({
      status: 'SUCCEEDED',
    });
  });
});
