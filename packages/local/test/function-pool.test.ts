import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseReportLog } from '@cosmicai/payload';
import { createFunctionPool, FunctionError, type FunctionConfig, type FunctionPool } from '../src/index.ts';

const fixtures = join(import.meta.dirname, 'fixtures', 'functions');
const basic: FunctionConfig = {
  bundle: join(fixtures, 'basic.mjs'),
  handler: 'handler',
  memoryMiB: 512,
  timeoutSeconds: 30,
  environment: { GREETING: 'hello', ORT_DISABLE_TELEMETRY: '0' },
};

let directory: string;
let pool: FunctionPool;

function start(functions: Record<string, FunctionConfig>, concurrency = 2): FunctionPool {
  pool = createFunctionPool({ functions, concurrency, logDirectory: directory });
  return pool;
}

interface Answer {
  readonly echo: { readonly index?: number };
  readonly invocations: number;
  readonly pid: number;
  readonly requestId: string;
  readonly functionName: string;
  readonly remaining: number;
}

async function invoke(name: string, event: object): Promise<Answer> {
  return JSON.parse((await pool.invoke(name, JSON.stringify(event))).payload) as Answer;
}

async function failureOf(name: string, event: object): Promise<FunctionError> {
  try {
    await pool.invoke(name, JSON.stringify(event));
  } catch (error) {
    if (error instanceof FunctionError) return error;
    throw error;
  }
  throw new Error('The function was expected to fail.');
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cosmicai-pool-'));
});

afterEach(async () => {
  await pool.close();
  rmSync(directory, { recursive: true });
});

describe('function pool', () => {
  it('runs a handler in a process of its own, with a Lambda context and its environment', async () => {
    start({ basic });
    const answer = await invoke('basic', { rank: 3 });
    expect(answer).toMatchObject({ echo: { rank: 3 }, functionName: 'basic', variable: 'hello', invocations: 1 });
    // Native libraries don't report to their makers, whatever a function map says.
    expect(answer).toMatchObject({ telemetryOff: '1' });
    expect(answer.pid).not.toBe(process.pid);
    expect(answer.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.remaining).toBeGreaterThan(0);
  });

  it('answers null when the handler returns nothing', async () => {
    start({ quiet: { ...basic, handler: 'answersNothing' } });
    expect(await invoke('quiet', {})).toBeNull();
  });

  it('keeps processes warm', async () => {
    start({ basic });
    const first = await invoke('basic', {});
    const second = await invoke('basic', {});
    expect(second).toMatchObject({ pid: first.pid, invocations: 2 });
  });

  it('never runs more processes than its concurrency, whatever the functions', async () => {
    start({ one: basic, two: basic }, 2);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => invoke(index % 3 === 0 ? 'one' : 'two', { index })),
    );
    expect(answers.map((answer) => answer.echo.index)).toEqual([...Array(12).keys()]);
    expect(new Set(answers.map((answer) => answer.functionName))).toEqual(new Set(['one', 'two']));
  });

  it('passes the error of a handler on in the shape of Lambda', async () => {
    start({ basic });
    const failure = await failureOf('basic', { fail: { name: 'InvalidInputError', message: 'no such partition' } });
    expect(failure.body).toMatchObject({ errorType: 'InvalidInputError', errorMessage: 'no such partition' });
    expect(failure.body.trace?.[0]).toContain('no such partition');
    expect(await invoke('basic', {})).toMatchObject({ invocations: 2 });
  });

  it('reports a process that ends in the middle', async () => {
    start({ basic });
    const failure = await failureOf('basic', { exit: 3 });
    expect(failure.body.errorType).toBe('Runtime.ExitError');
    expect(failure.body.errorMessage).toMatch(/Runtime exited with error: exit status 3$/);
    expect(await invoke('basic', {})).toMatchObject({ invocations: 1 });
  });

  it('reports a process that is killed', async () => {
    start({ basic });
    let failure: unknown;
    await pool
      .invoke('basic', JSON.stringify({ hang: true }), { onStart: ({ pid }) => process.kill(pid!, 'SIGKILL') })
      .catch((error: unknown) => (failure = error));
    expect(failure).toMatchObject({ body: { errorType: 'Runtime.ExitError' } });
    expect((failure as FunctionError).message).toContain('signal: killed');
  });

  it('reports a rejection outside the handler', async () => {
    start({ basic });
    const failure = await failureOf('basic', { reject: 'lost' });
    expect(failure.body).toMatchObject({ errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: 'lost' });
  });

  it('stops a function at its timeout', async () => {
    start({ basic: { ...basic, timeoutSeconds: 1 } });
    const failure = await failureOf('basic', { hang: true });
    expect(failure.body.errorType).toBe('Sandbox.Timedout');
    expect(failure.body.errorMessage).toContain('Task timed out after 1.00 seconds');
  });

  it('stops a function above its memory', async () => {
    start({ basic: { ...basic, memoryMiB: 128 } });
    const failure = await failureOf('basic', { allocateMiB: 200 });
    expect(failure.body.errorType).toBe('Runtime.OutOfMemory');
    expect(await invoke('basic', {})).toMatchObject({ invocations: 1 });
  });

  it('says why a bundle cannot be loaded', async () => {
    start({ broken: { ...basic, bundle: join(fixtures, 'broken.mjs') }, misnamed: { ...basic, handler: 'main' } });
    const broken = await failureOf('broken', {});
    expect(broken.body).toMatchObject({
      errorType: 'Runtime.ImportModuleError',
      errorMessage: 'TypeError: cannot load',
    });
    const misnamed = await failureOf('misnamed', {});
    expect(misnamed.body.errorType).toBe('Runtime.HandlerNotFound');
    expect(misnamed.body.errorMessage).toContain('answersNothing');
  });

  it('names the functions it has when one is missing', async () => {
    start({ basic });
    const failure = await failureOf('other', {});
    expect(failure.body.errorMessage).toBe('Function not found: other. This run has: basic.');
  });

  it('stops an invocation by its signal', async () => {
    start({ basic });
    const stop = new AbortController();
    const invocation = pool.invoke('basic', JSON.stringify({ hang: true }), {
      signal: stop.signal,
      onStart: () => stop.abort(new Error('enough')),
    });
    await expect(invocation).rejects.toThrow('enough');
  });

  it('passes on what a function says of its work, the last of it too, to the invocation that it belongs to', async () => {
    start({ basic });
    const said: unknown[] = [];
    for (const progress of [3, 0, 1]) {
      await pool.invoke('basic', JSON.stringify({ progress }), {
        onProgress: (told, requestId) => said.push([told, requestId.length]),
      });
      said.push('answered');
    }
    expect(said).toEqual([
      ...[[{ done: 1 }, 36], [{ done: 3 }, 36], 'answered'],
      'answered',
      ...[[{ done: 1 }, 36], 'answered'],
    ]);
  });

  const linux = process.platform === 'linux' ? it : it.skip;
  linux('works on where its logs can’t be written, and tells of failures all the same', async () => {
    symlinkSync('/dev/full', join(directory, 'basic.log'));
    start({ basic });
    expect(await invoke('basic', { log: 'lost' })).toMatchObject({ invocations: 1 });
    const failure = await failureOf('basic', { log: 'lost', fail: { name: 'Oops', message: 'no' } });
    expect(failure.body).toMatchObject({ errorType: 'Oops', errorMessage: 'no' });
    expect(await invoke('basic', { log: 'lost' })).toMatchObject({ invocations: 3 });
    expect((await failureOf('basic', { log: 'lost', reject: 'gone' })).body.errorMessage).toBe('gone');
  });

  it("writes the function's output and one REPORT line for each invocation into the function's log", async () => {
    start({ basic });
    await invoke('basic', { log: 'partition 1.pt read' });
    await failureOf('basic', { fail: { name: 'Oops', message: 'no' } });
    const log = readFileSync(join(directory, 'basic.log'), 'utf8');
    expect(log).toContain('partition 1.pt read\n');
    const { reports, notUnderstood } = parseReportLog(log);
    expect(notUnderstood).toEqual([]);
    expect(reports).toHaveLength(2);
    const [cold, warm] = reports;
    expect(cold!.initDurationMs).toBeGreaterThan(0);
    expect(cold!.billedDurationMs).toBe(Math.ceil(cold!.billedDurationMs));
    expect(cold!.billedDurationMs).toBeGreaterThanOrEqual(cold!.initDurationMs!);
    expect(cold!.maxMemoryUsedMb).toBeGreaterThan(20);
    expect(cold!.maxMemoryUsedMb).toBeLessThan(512);
    expect(warm).toMatchObject({ memorySizeMb: 512, status: 'error', errorType: 'Oops' });
    expect(warm!.initDurationMs).toBeUndefined();
  });
});
