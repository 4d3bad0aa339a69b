import type { FunctionConfig, Json, JsonObject, LocalRunOptions } from '../src/index.ts';
import { fixture, Workspace } from './workspace.ts';

const config = (file: string, handler: string): FunctionConfig => ({
  bundle: fixture('functions', file),
  handler,
  memoryMiB: 512,
  timeoutSeconds: 60,
});
const functions = {
  same: config('echo.mjs', 'same'),
  never: config('echo.mjs', 'never'),
  basic: config('basic.mjs', 'handler'),
};
const call = (name: string, fields: JsonObject = {}): JsonObject => ({
  Type: 'Task',
  Resource: `arn:aws:lambda:us-east-1:123456789012:function:${name}`,
  ...fields,
});
const pass = (fields: JsonObject): JsonObject => ({ Type: 'Pass', ...fields, End: true });
const machine = (states: JsonObject, fields: JsonObject = {}): JsonObject => ({
  StartAt: Object.keys(states)[0]!,
  States: states,
  ...fields,
});

let workspace: Workspace;
beforeEach(() => (workspace = new Workspace()));
afterEach(() => workspace.remove());

const run = (definition: JsonObject, input: Json, options: Partial<LocalRunOptions> = {}) =>
  workspace.run({ definition, input, functions, ...options });

const outputOf = async (states: JsonObject, input: Json) => (await run(machine(states), input)).output;

/** Where the interpreter underneath would silently do something else than Step Functions. */
describe('states', () => {
  it.each([null, 0, false, ''])('pass on the Result %j', async (Result) => {
    expect(await outputOf({ P: pass({ Result }) }, { a: 1 })).toEqual(Result);
  });

  it('take $ as ResultPath, InputPath and OutputPath for the whole', async () => {
    const step = call('same', { InputPath: '$', ResultPath: '$', OutputPath: '$', End: true });
    expect(await outputOf({ Step: step }, { a: 1 })).toEqual({ a: 1 });
    expect(
      (
        await workspace.run({
          definition: machine({ Step: step }),
          input: 0,
          functions,
          runDirectory: `${workspace.folder}/b`,
        })
      ).output,
    ).toBe(0);
  });

  it.each([
    [{ Variable: '$.a', IsPresent: false }, { b: 1 }, 'yes'],
    [{ Variable: '$.a', IsPresent: false }, { a: null }, 'no'],
    [{ Variable: '$.a', IsNull: false }, { a: 1 }, 'yes'],
    [{ Variable: '$.a', IsNull: false }, { a: null }, 'no'],
    [{ Variable: '$.a', NumericLessThan: 10 }, { a: '5' }, 'no'],
    [{ Variable: '$.a', NumericLessThan: 10 }, { a: 5 }, 'yes'],
    [{ Variable: '$.a', StringMatches: '*.pt' }, { a: '1.pt' }, 'yes'],
    [{ Variable: '$.a', StringMatches: '*.pt' }, { a: 5 }, 'no'],
    [{ Variable: '$.a', StringGreaterThanPath: '$.b' }, { a: 'b', b: 'a' }, 'yes'],
    [{ Variable: '$.a', BooleanEquals: true }, { a: 'true' }, 'no'],
    [{ Variable: '$.a', TimestampLessThan: '2026-01-02T00:00:00Z' }, { a: '2026-01-01T00:00:00Z' }, 'yes'],
    [{ Variable: '$.a', TimestampLessThan: '2026-01-02T00:00:00Z' }, { a: '1' }, 'no'],
    [{ And: [{ Variable: '$.a', IsString: false }, { Not: { Variable: '$.a', IsPresent: false } }] }, { a: 1 }, 'yes'],
    [
      {
        Or: [
          { Variable: '$.a', IsNumeric: true },
          { Variable: '$.a', IsNull: true },
        ],
      },
      { a: '1' },
      'no',
    ],
  ])('choose by %j for %j: %s', async (rule, input, expected) => {
    const states = {
      Choose: { Type: 'Choice', Choices: [{ ...rule, Next: 'Yes' }], Default: 'No' },
      Yes: pass({ Result: 'yes' }),
      No: pass({ Result: 'no' }),
    } as unknown as JsonObject;
    expect(await outputOf(states, input)).toBe(expected);
  });

  it("give iterations and branches the execution's own context", async () => {
    const Parameters = {
      'model.$': '$$.Execution.Input.model',
      'name.$': "States.Format('run {}', $$.Execution.Name)",
      'machine.$': '$$.StateMachine.Name',
    };
    const states: JsonObject = {
      Both: {
        Type: 'Parallel',
        Branches: [
          machine({ Branch: pass({ Parameters }) }),
          machine({
            Each: {
              Type: 'Map',
              ItemsPath: '$.ranks',
              ItemSelector: { 'rank.$': '$$.Map.Item.Value', 'model.$': '$$.Execution.Input.model' },
              ItemProcessor: machine({ Iteration: pass({}) }),
              End: true,
            },
          }),
        ],
        End: true,
      },
    };
    const result = await run(
      machine(states),
      { model: 'm', ranks: [7] },
      { newId: () => 'id-1', machineName: 'redshift' },
    );
    expect(result.output).toEqual([{ model: 'm', name: 'run id-1', machine: 'redshift' }, [{ rank: 7, model: 'm' }]]);
  });

  it('give a child of a distributed Map a context of its own', async () => {
    const definition = machine({
      Each: {
        Type: 'Map',
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' },
          ...machine({ Child: pass({ Parameters: { 'input.$': '$$.Execution.Input' } }) }),
        },
        End: true,
      },
    });
    expect((await run(definition, ['a'])).output).toEqual([{ input: 'a' }]);
  });

  it('wait no longer than a timer can', async () => {
    const Retry = [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 99_999_999, MaxAttempts: 1 }];
    const stop = new AbortController();
    const result = await run(
      machine({ Step: call('basic', { Retry, End: true }) }),
      { fail: { name: 'E', message: 'm' } },
      {
        skipWaits: false,
        signal: stop.signal,
        onEvent: (event) => {
          if (event.type === 'StateFailed') setImmediate(() => stop.abort(new Error('still waiting')));
        },
      },
    );
    expect(result).toMatchObject({ status: 'ABORTED', cause: 'still waiting' });
    expect(result.events.some((event) => event.type === 'StateRetried')).toBe(false);
  });
});

describe('errors of functions', () => {
  const caught = (ErrorEquals: string[], step: JsonObject): JsonObject => ({
    Step: { ...step, Catch: [{ ErrorEquals, Next: 'Caught' }], End: true },
    Caught: pass({}),
  });

  it('are caught by their errorType, with the error object of Lambda as the cause', async () => {
    const input = { fail: { name: 'NoSuchPartition', message: '9.pt is missing' } };
    const output = (await outputOf(caught(['NoSuchPartition'], call('basic')), input)) as {
      Error: string;
      Cause: string;
    };
    expect(output.Error).toBe('NoSuchPartition');
    expect(JSON.parse(output.Cause)).toMatchObject({
      errorType: 'NoSuchPartition',
      errorMessage: '9.pt is missing',
      trace: expect.any(Array),
    });
  });

  it('of the definition itself are not caught by States.ALL', async () => {
    const result = await run(machine(caught(['States.ALL'], call('same', { InputPath: '$.missing' }))), {});
    expect(result).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
      cause: expect.stringContaining('$.missing'),
    });
  });

  it('match Lambda.Unknown when the process ends', async () => {
    expect(await outputOf(caught(['Lambda.Unknown'], call('basic')), { exit: 1 })).toMatchObject({
      Error: 'Runtime.ExitError',
    });
  });

  it('end the run with name and cause when nothing catches them', async () => {
    const result = await run(machine({ Step: call('basic', { End: true }) }), { fail: { name: 'E', message: 'why' } });
    expect(result).toMatchObject({ status: 'FAILED', output: null, error: 'E', cause: expect.stringContaining('why') });
    expect(result.events.at(-1)).toMatchObject({ type: 'RunEnded', status: 'FAILED', error: 'E' });
  });

  it('take name and cause from the input in a Fail state', async () => {
    const fail: JsonObject = { Type: 'Fail', ErrorPath: '$.name', CausePath: '$.why' };
    expect(await run(machine({ Fail: fail }), { name: 'Mine', why: 'because' })).toMatchObject({
      status: 'FAILED',
      error: 'Mine',
      cause: 'because',
    });
  });

  it("become States.Timeout at the state's TimeoutSeconds, and the process ends", async () => {
    const pids: number[] = [];
    const states = caught(['States.TaskFailed'], call('never', { TimeoutSeconds: 1 }));
    const result = await run(
      machine(states),
      {},
      {
        onEvent: (event) => {
          if (event.type === 'FunctionStarted') pids.push(event.pid!);
        },
      },
    );
    // States.TaskFailed matches every error but a timeout.
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(() => process.kill(pids[0]!, 0)).toThrow('ESRCH');
  });

  it("time the whole run out at the machine's TimeoutSeconds", async () => {
    const result = await run(machine({ Step: call('never', { End: true }) }, { TimeoutSeconds: 1 }), {});
    expect(result).toMatchObject({ status: 'TIMED_OUT', error: 'States.Timeout' });
  });

  it('of one iteration stop the others of an inline Map', async () => {
    const definition = machine({
      Each: {
        Type: 'Map',
        ItemProcessor: machine({
          Choose: {
            Type: 'Choice',
            Choices: [{ Variable: '$.hang', IsPresent: true, Next: 'Hang' }],
            Default: 'Break',
          },
          Hang: call('never', { End: true }),
          Break: call('basic', { End: true }),
        }),
        End: true,
      },
    });
    const result = await run(definition, [{ hang: true }, { fail: { name: 'E', message: 'm' } }]);
    expect(result).toMatchObject({ status: 'FAILED', error: 'E' });
    expect(result.reports).toHaveLength(2);
  });

  it('of one iteration keep the others from starting, too, when the Map catches them', async () => {
    const each: JsonObject = {
      Type: 'Map',
      MaxConcurrency: 1,
      ItemProcessor: machine({ One: call('basic', { End: true }) }),
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'After' }],
      End: true,
    };
    const definition = machine({
      Each: each,
      After: call('same', { Next: 'Last' }),
      Last: call('same', { End: true }),
    });
    const result = await run(definition, [{ fail: { name: 'E', message: 'm' } }, { rank: 1 }, { rank: 2 }]);
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { Error: 'E' } });
    const started = result.events.flatMap((event) => (event.type === 'FunctionStarted' ? [event.state] : []));
    expect(started).toEqual(['One', 'After', 'Last']);
  });

  it('of one attempt of a Map do not keep the next one from running', async () => {
    const each: JsonObject = {
      Type: 'Map',
      MaxConcurrency: 1,
      ItemProcessor: machine({ One: call('basic', { End: true }) }),
      Retry: [{ ErrorEquals: ['E'], IntervalSeconds: 1, MaxAttempts: 1 }],
      End: true,
    };
    const result = await run(machine({ Each: each }), [{ rank: 0 }, { fail: { name: 'E', message: 'm' } }], {
      skipWaits: false,
    });
    expect(result).toMatchObject({ status: 'FAILED', error: 'E' });
    expect(result.events.filter((event) => event.type === 'FunctionStarted')).toHaveLength(4);
  });
});
