import type { Json, JsonObject, FunctionConfig, LocalRunOptions, RunEvent } from '../src/index.ts';
import { fixture, Workspace } from './workspace.ts';

const echo = (handler: string): FunctionConfig => ({
  bundle: fixture('functions', 'echo.mjs'),
  handler,
  memoryMiB: 512,
  timeoutSeconds: 60,
});
const functions = { same: echo('same'), large: echo('large'), never: echo('never') };

const call = (name: string, fields: JsonObject = {}): JsonObject => ({
  Type: 'Task',
  Resource: `arn:aws:lambda:us-east-1:123456789012:function:${name}`,
  ...fields,
  End: true,
});

/** A machine of one distributed Map; by default each child passes its input on without a function. */
function mapMachine(fields: JsonObject, step: JsonObject = { Type: 'Pass', End: true }): JsonObject {
  const processor = {
    ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
    StartAt: 'Step',
    States: { Step: step },
  };
  return { StartAt: 'Map', States: { Map: { Type: 'Map', ItemProcessor: processor, ...fields, End: true } } };
}

let workspace: Workspace;
beforeEach(() => (workspace = new Workspace()));
afterEach(() => workspace.remove());

const run = (definition: JsonObject, input: Json, options: Partial<LocalRunOptions> = {}) =>
  workspace.run({ definition, input, functions, ...options });

const reader = (config: JsonObject): JsonObject => ({
  ItemReader: {
    Resource: 'arn:aws:states:::s3:getObject',
    ReaderConfig: config,
    Parameters: { Bucket: 'data', 'Key.$': '$.key' },
  },
});

describe('items of a distributed Map', () => {
  it('are the input itself when nothing else is said', async () => {
    expect(await run(mapMachine({}), [1, 'two', { three: 3 }])).toMatchObject({ output: [1, 'two', { three: 3 }] });
  });

  it('are none when there are none', async () => {
    expect(await run(mapMachine({ ItemsPath: '$.body' }), { body: [] })).toMatchObject({
      status: 'SUCCEEDED',
      output: [],
    });
  });

  it('must be as small as Step Functions wants them, which is told before a child starts', async () => {
    const fits = 'x'.repeat(262_144 - 2);
    expect(await run(mapMachine({ ResultPath: null }), [fits])).toMatchObject({ status: 'SUCCEEDED' });
    const runDirectory = `${workspace.folder}/second`;
    const result = await run(mapMachine({ ResultPath: null }), ['small', `${fits}x`], { runDirectory });
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    expect(result.cause).toContain('The input of child 1 of Map Map has 262145 bytes');
    expect(result.events.filter(({ type }) => type === 'ChildStarted')).toEqual([]);
  });

  it('must be an array', async () => {
    const result = await run(mapMachine({ ItemsPath: '$.body' }), { body: { a: 1 } });
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
    expect(result.cause).toContain('ItemsPath $.body gives {"a":1}');
  });

  it.each([
    ['a JSON array', 'items.json', { InputType: 'JSON' }, '[{"a":1},{"a":2}]', [{ a: 1 }, { a: 2 }]],
    ['JSON Lines', 'items.jsonl', { InputType: 'JSONL' }, '{"a":1}\n\n{"a":2}\n', [{ a: 1 }, { a: 2 }]],
    [
      'CSV with a header',
      'items.csv',
      { InputType: 'CSV', CSVHeaderLocation: 'FIRST_ROW' },
      'key,size\n1.pt,5\n"2,b.pt",6\n',
      [
        { key: '1.pt', size: '5' },
        { key: '2,b.pt', size: '6' },
      ],
    ],
    [
      'CSV with given headers and a delimiter',
      'items.csv',
      { InputType: 'CSV', CSVHeaderLocation: 'GIVEN', CSVHeaders: ['key', 'size'], CSVDelimiter: 'PIPE' },
      '1.pt|5\n',
      [{ key: '1.pt', size: '5' }],
    ],
    ['the first of many', 'items.json', { InputType: 'JSON', MaxItems: 2 }, '[1,2,3]', [1, 2]],
  ])('come from %s in a bucket', async (_what, key, config, text, items) => {
    await workspace.store.put(key, text);
    expect((await run(mapMachine(reader(config)), { key })).output).toEqual(items);
  });

  it('are refused when the object is missing or holds none', async () => {
    const missing = await run(mapMachine(reader({ InputType: 'JSON' })), { key: 'none.json' });
    expect(missing).toMatchObject({ status: 'FAILED', error: 'States.ItemReaderFailed' });
    expect(missing.cause).toContain('none.json of data');
    await workspace.store.put('object.json', '{"a":1}');
    const other = new Workspace();
    const notArray = await other.run({
      definition: mapMachine(reader({ InputType: 'JSON' })),
      input: { key: 'object.json' },
      functions,
      store: () => workspace.store,
    });
    other.remove();
    expect(notArray.cause).toContain('expected a JSON array');
  });

  it('are shaped by ItemSelector, with the item, its index and the execution at hand', async () => {
    const ItemSelector = {
      'model.$': '$.model',
      'item.$': '$$.Map.Item.Value',
      'index.$': '$$.Map.Item.Index',
      'label.$': "States.Format('{}-{}', $.model, $$.Map.Item.Index)",
      'input.$': '$$.Execution.Input.model',
    };
    const result = await run(mapMachine({ ItemsPath: '$.ranks', ItemSelector }), { model: 'm', ranks: ['a', 'b'] });
    expect(result.output).toEqual([
      { model: 'm', item: 'a', index: 0, label: 'm-0', input: 'm' },
      { model: 'm', item: 'b', index: 1, label: 'm-1', input: 'm' },
    ]);
  });

  it('are grouped by number, with the input that a batch shares', async () => {
    const ItemBatcher = { MaxItemsPerBatchPath: '$.size', BatchInput: { 'model.$': '$.model' } };
    const result = await run(mapMachine({ ItemsPath: '$.ranks', ItemBatcher }), {
      model: 'm',
      size: 2,
      ranks: [1, 2, 3],
    });
    expect(result.output).toEqual([
      { BatchInput: { model: 'm' }, Items: [1, 2] },
      { BatchInput: { model: 'm' }, Items: [3] },
    ]);
    expect(result.events.find((event) => event.type === 'MapRunStarted')).toMatchObject({ items: 3, children: 2 });
  });

  it('are grouped by bytes', async () => {
    const items = Array.from({ length: 20 }, (_, index) => ({ name: 'x'.repeat(index) }));
    const limit = 120;
    const result = await run(mapMachine({ ItemBatcher: { MaxInputBytesPerBatch: limit } }), items);
    const batches = result.output as { Items: Json[] }[];
    expect(batches.flatMap((batch) => batch.Items)).toEqual(items);
    for (const batch of batches) expect(JSON.stringify(batch).length).toBeLessThanOrEqual(limit);
    expect(batches.length).toBeLessThan(items.length);
  });

  it('do not fit into a batch when one alone is too large', async () => {
    const result = await run(mapMachine({ ItemBatcher: { MaxInputBytesPerBatch: 20 } }), ['x'.repeat(50)]);
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
  });
});

describe('limits of a distributed Map', () => {
  function mostAtOnce(events: readonly RunEvent[]): number {
    let now = 0;
    let most = 0;
    for (const { type } of events) {
      if (type === 'ChildStarted') most = Math.max(most, ++now);
      if (type === 'ChildSucceeded') now--;
    }
    return most;
  }

  it("runs as many children at once as the definition and the machine's concurrency allow", async () => {
    const items = Array.from({ length: 12 }, (_, index) => index + 1);
    const step = call('same');
    const wide = await run(mapMachine({ ItemsPath: '$.items' }, step), { items }, { concurrency: 3 });
    expect(mostAtOnce(wide.events)).toBe(3);
    const narrow = new Workspace();
    const result = await narrow.run({
      definition: mapMachine({ ItemsPath: '$.items', MaxConcurrencyPath: '$.most' }, step),
      input: { items, most: 2 },
      functions,
      concurrency: 3,
    });
    narrow.remove();
    expect(mostAtOnce(result.events)).toBe(2);
  });

  it('refuses a limit that is not a number', async () => {
    const result = await run(mapMachine({ ItemsPath: '$.items', MaxConcurrencyPath: '$.most' }), {
      items: [],
      most: 'many',
    });
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
    expect(result.cause).toContain('MaxConcurrencyPath $.most gives "many"');
  });

  const failOn = {
    Type: 'Choice',
    Choices: [{ Variable: '$.bad', BooleanEquals: true, Next: 'Bad' }],
    Default: 'Good',
  };
  const choosy: JsonObject = {
    ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' },
    StartAt: 'Choose',
    States: {
      Choose: failOn,
      Good: { Type: 'Succeed' },
      Bad: { Type: 'Fail', Error: 'BadItem', Cause: 'the item is bad' },
    },
  };
  const items = (bad: number, all: number) => Array.from({ length: all }, (_, index) => ({ bad: index < bad }));

  it.each([
    [{}, 0, 4, 'SUCCEEDED'],
    [{}, 1, 4, 'FAILED'],
    [{ ToleratedFailureCount: 2 }, 2, 4, 'SUCCEEDED'],
    [{ ToleratedFailureCount: 2 }, 3, 4, 'FAILED'],
    [{ ToleratedFailurePercentage: 50 }, 2, 4, 'SUCCEEDED'],
    [{ ToleratedFailurePercentage: 50 }, 3, 4, 'FAILED'],
    [{ ToleratedFailurePercentage: 100 }, 4, 4, 'SUCCEEDED'],
    [{ ToleratedFailurePercentage: 100, ToleratedFailureCount: 1 }, 2, 4, 'FAILED'],
    [{ ToleratedFailurePercentage: 10, ToleratedFailureCount: 3 }, 1, 4, 'FAILED'],
    [{ ToleratedFailurePercentage: 50, ItemSelector: { 'bad.$': '$$.Map.Item.Value.bad' } }, 1, 2, 'SUCCEEDED'],
  ])('tolerates %j with %d of %d items failed: %s', async (fields, bad, all, status) => {
    const result = await run(mapMachine({ ...fields, ItemProcessor: choosy }), items(bad, all));
    expect(result.status).toBe(status);
    if (status === 'FAILED') expect(result.error).toBe('States.ExceedToleratedFailureThreshold');
  });

  it('counts every item of a failed batch', async () => {
    const definition = mapMachine(
      { ToleratedFailureCount: 1, ItemBatcher: { MaxItemsPerBatch: 2 } },
      { Type: 'Fail', Error: 'BadBatch' },
    );
    expect(await run(definition, [1, 2, 3, 4], { concurrency: 1 })).toMatchObject({
      status: 'FAILED',
      cause: expect.stringContaining('2 of 4 items failed'),
    });
  });

  it('shows a tolerated failure in its place among the outputs', async () => {
    const result = await run(mapMachine({ ToleratedFailureCount: 1, ItemProcessor: choosy }), items(1, 2));
    expect(result.output).toMatchObject([
      { Status: 'FAILED', Error: 'BadItem', Cause: 'the item is bad' },
      { bad: false },
    ]);
  });

  it('passes on no more than a state may hold', async () => {
    const definition = mapMachine({}, call('large'));
    const result = await run(definition, [{ bytes: 200_000 }, { bytes: 100_000 }]);
    expect(result).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    expect(result.cause).toContain('262144');
    const thrownAway = await workspace.run({
      definition: mapMachine({ ResultPath: null }, call('large')),
      input: [{ bytes: 200_000 }, { bytes: 100_000 }],
      functions,
      runDirectory: `${workspace.folder}/second`,
    });
    expect(thrownAway.status).toBe('SUCCEEDED');
  });
});

describe('a Map of many items', () => {
  it('runs a thousand children', async () => {
    const items = Array.from({ length: 1000 }, (_, index) => ({ RANK: String(index) }));
    const result = await run(mapMachine({ ResultPath: null, ItemsPath: '$.items' }, call('same')), { items });
    expect(result.status).toBe('SUCCEEDED');
    expect(result.reports).toHaveLength(1000);
    const outputs = result.events.flatMap((event) =>
      event.type === 'ChildSucceeded' ? [[event.index, event.output] as const] : [],
    );
    expect(new Map(outputs)).toEqual(new Map(items.entries()));
  });

  it('runs Maps inside of Maps', async () => {
    const part: JsonObject = {
      ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' },
      StartAt: 'Part',
      States: { Part: { Type: 'Pass', End: true } },
    };
    const definition = mapMachine({}, { Type: 'Map', ItemsPath: '$.parts', ItemProcessor: part, End: true });
    const result = await run(definition, [{ parts: [1, 2] }, { parts: [3] }]);
    expect(result.output).toEqual([[1, 2], [3]]);
    const places = result.events.flatMap((event) =>
      event.type === 'ChildStarted' && event.in !== undefined ? [event.in] : [],
    );
    expect(places.sort()).toEqual(['Map[0]', 'Map[0]', 'Map[1]']);
  });
});
