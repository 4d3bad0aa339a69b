import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseReportLog } from '@cosmicai/payload';
import { startFunctionHost, type FunctionHost, type Intercept } from '../src/functions/function-host.ts';
import type { ServedFunction } from '../src/functions/function-settings.ts';
import { OWN_RUNTIME } from '../src/functions/spawn-runtime.ts';

const fixture = (name: string, changes: Partial<ServedFunction> = {}): ServedFunction => ({
  name,
  folder: join(import.meta.dirname, 'fixtures'),
  handler: `handler.${name}`,
  memoryMb: 512,
  timeoutSeconds: 60,
  environment: { OWN: name },
  ...changes,
});

describe('functions as processes behind the Runtime API', () => {
  let folder: string;
  let host: FunctionHost;
  let intercept: Intercept;
  let concurrency = Infinity;
  /** Lines by log group. */
  const logged = new Map<string, string[]>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cosmicai-host-'));
    host = await startFunctionHost({
      folder,
      functions: [
        ...['count', 'wait', 'exit', 'fail', 'environment'].map((name) => fixture(name)),
        fixture('hang', { timeoutSeconds: 1 }),
        fixture('missing'),
        fixture('gone', { handler: 'nowhere.handler' }),
      ],
      account: '123456789012',
      region: 'us-east-1',
      runtime: OWN_RUNTIME,
      environment: { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' },
      sandboxed: false,
      intercept: (call) => intercept(call),
      concurrency: () => concurrency,
      sink: {
        write: async ({ group }, events) => {
          const lines = events.flatMap(({ message }) => message.trimEnd().split('\n'));
          logged.set(group, [...(logged.get(group) ?? []), ...lines]);
        },
      },
    });
  });
  beforeEach(() => {
    intercept = ({ payload }) => payload;
  });
  afterAll(async () => {
    await host.close();
    await rm(folder, { recursive: true });
  });

  async function invoke(name: string, payload: object = {}) {
    const answer = await fetch(`http://${host.address}/invocations`, {
      method: 'POST',
      headers: { 'x-function': Buffer.from(JSON.stringify({ name })).toString('base64') },
      body: JSON.stringify(payload),
    });
    return {
      status: answer.status,
      failed: answer.headers.get('x-amz-function-error'),
      requestId: answer.headers.get('x-amzn-requestid'),
      tail: Buffer.from(answer.headers.get('x-amz-log-result') ?? '', 'base64').toString(),
      body: (await answer.json()) as Record<string, unknown>,
    };
  }

  it('stay warm, and report what Lambda reports', async () => {
    const first = await invoke('count', { a: 1 });
    const second = await invoke('count');
    expect(first).toMatchObject({ status: 200, failed: null, body: { a: 1, calls: 1, requestId: first.requestId } });
    expect(second.body).toMatchObject({ calls: 2, pid: first.body.pid });
    expect(first.body.remaining).toBeGreaterThan(0);
    expect(first.body.remaining).toBeLessThanOrEqual(60_000);

    const lines = logged.get('/aws/lambda/count')!;
    expect(lines[0]).toBe(`START RequestId: ${first.requestId!} Version: $LATEST`);
    const { reports, notUnderstood } = parseReportLog(lines.join('\n'));
    expect(notUnderstood).toEqual([]);
    expect(reports.map(({ requestId }) => requestId)).toEqual([first.requestId, second.requestId]);
    expect(reports[0]).toMatchObject({ memorySizeMb: 512, initDurationMs: expect.any(Number) as number });
    expect(reports[0]!.maxMemoryUsedMb).toBeGreaterThan(10);
    expect(reports[1]).not.toHaveProperty('initDurationMs');
    expect(parseReportLog(second.tail).reports).toEqual([reports[1]]);
  });

  it('take one invocation at a time, each in a process of its own', async () => {
    const until = join(folder, 'both-are-called');
    let calls = 0;
    intercept = async ({ payload }) => {
      if (++calls === 2) await writeFile(until, '');
      return payload;
    };
    const [first, second] = [invoke('wait', { until }), invoke('wait', { until })];
    const pids = [(await first).body.pid, (await second).body.pid];
    expect(new Set(pids).size).toBe(2);
    expect(pids).toContain((await invoke('wait', { until })).body.pid);
    expect((await first).tail).toContain('waiting\n');
  });

  it('are killed at their time-out', async () => {
    const { failed, body, tail, requestId } = await invoke('hang');
    expect(failed).toBe('Unhandled');
    expect(body).toMatchObject({
      errorType: 'Sandbox.Timedout',
      errorMessage: `RequestId: ${requestId!} Error: Task timed out after 1.00 seconds`,
    });
    expect(tail).toContain('Task timed out after 1.00 seconds');
    expect(parseReportLog(tail).reports).toMatchObject([{ status: 'timeout', errorType: 'Sandbox.Timedout' }]);
  });

  it('that end during an invocation fail it, and the next one gets a new process', async () => {
    const { failed, body, tail } = await invoke('exit');
    expect(failed).toBe('Unhandled');
    expect(body.errorType).toBe('Runtime.ExitError');
    expect(body.errorMessage).toMatch(/^RequestId: \S+ Error: Runtime exited with error: exit status 3$/);
    expect(tail).toContain('last words\n');
    expect((await invoke('exit')).body.errorType).toBe('Runtime.ExitError');
  });

  it('answer with what their handler throws, and stay warm', async () => {
    const { failed, body, tail } = await invoke('fail');
    expect(failed).toBe('Unhandled');
    expect(body).toMatchObject({ errorType: 'UserInputError', errorMessage: 'wrong payload' });
    expect(parseReportLog(tail).reports).toMatchObject([{ status: 'error', errorType: 'UserInputError' }]);
    const again = await invoke('fail');
    expect(parseReportLog(again.tail).reports[0]).not.toHaveProperty('initDurationMs');
  });

  it('that cannot be loaded say why', async () => {
    expect((await invoke('missing')).body).toMatchObject({
      errorType: 'Runtime.ImportModuleError',
      errorMessage: 'handler.missing is undefined or not exported',
    });
    expect((await invoke('gone')).body.errorMessage).toMatch(/^Cannot find module 'nowhere'/);
    const unknown = await invoke('unknown');
    expect(unknown).toMatchObject({ status: 404, body: { error: 'ResourceNotFoundException' } });
  });

  it('have the variables of Lambda, of their own and of the stand-in, and none of this process', async () => {
    const { body } = await invoke('environment');
    expect(body).toMatchObject({
      AWS_LAMBDA_FUNCTION_NAME: 'environment',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      OWN: 'environment',
      _X_AMZN_TRACE_ID: expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};/) as string,
    });
    expect(body).not.toHaveProperty('JEST_WORKER_ID');
    expect(body.TMPDIR).not.toBe(process.env.TMPDIR);
  });

  it('are refused as Lambda refuses them: by whoever intercepts, and when too many are called at once', async () => {
    intercept = () => ({ status: 502, error: 'ENINotReadyException', message: 'not yet' });
    expect(await invoke('count')).toMatchObject({ status: 502, body: { error: 'ENINotReadyException' } });
    intercept = ({ payload }) => payload;
    concurrency = 0;
    expect(await invoke('count')).toMatchObject({ status: 429, body: { error: 'TooManyRequestsException' } });
    concurrency = Infinity;
    expect(await invoke('count')).toMatchObject({ status: 200 });
  });

  it('get what whoever intercepts their calls answers', async () => {
    intercept = ({ functionName, payload }) => JSON.stringify({ functionName, was: JSON.parse(payload) as unknown });
    expect((await invoke('count', { a: 1 })).body).toMatchObject({ functionName: 'count', was: { a: 1 } });
  });
});
