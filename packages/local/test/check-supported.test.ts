import { checkSupported, loadDefinition, runLocally, type JsonObject } from '../src/index.ts';
import { fixture, Workspace } from './workspace.ts';

const task = { Type: 'Task', Resource: 'arn:aws:lambda:us-east-1:123456789012:function:work', End: true };
const invoke = {
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Parameters: { FunctionName: 'work', 'Payload.$': '$' },
  End: true,
};
const machine = (state: JsonObject, name = 'Step'): JsonObject => ({ StartAt: name, States: { [name]: state } });
const inner = (fields: JsonObject = {}, config: JsonObject = { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' }) => ({
  ...machine({ ...task, ...fields }, 'Inner'),
  ProcessorConfig: config,
});
const map = (fields: JsonObject = {}): JsonObject => ({ Type: 'Map', ItemProcessor: inner(), End: true, ...fields });
const reader = (fields: JsonObject) => ({
  ItemReader: {
    Resource: 'arn:aws:states:::s3:getObject',
    ReaderConfig: { InputType: 'JSON' },
    Parameters: {},
    ...fields,
  },
});

const refusals: [what: string, definition: JsonObject, place: string, says: string][] = [
  ['JSONata for the machine', { ...machine(task), QueryLanguage: 'JSONata' }, 'QueryLanguage', 'JSONata'],
  ['JSONata in a state', machine({ ...task, QueryLanguage: 'JSONata' }), 'States.Step.QueryLanguage', 'JSONata'],
  ['Arguments', machine({ ...task, Arguments: {} }), 'States.Step.Arguments', 'the field Arguments of a Task'],
  ['Assign', machine({ ...task, Assign: { 'x.$': '$' } }), 'States.Step.Assign', 'Assign'],
  ['a workflow variable', machine({ ...task, InputPath: '$x.a' }), 'States.Step.InputPath', 'workflow variable'],
  ['HeartbeatSeconds', machine({ ...task, HeartbeatSeconds: 5 }), 'States.Step.HeartbeatSeconds', 'HeartbeatSeconds'],
  ['TimeoutSecondsPath', machine({ ...task, TimeoutSecondsPath: '$.t' }), 'States.Step.TimeoutSecondsPath', 'Timeout'],
  ['Credentials', machine({ ...task, Credentials: {} }), 'States.Step.Credentials', 'Credentials'],
  [
    'waitForTaskToken',
    machine({ ...invoke, Resource: `${invoke.Resource}.waitForTaskToken` }),
    'States.Step.Resource',
    'waitForTaskToken',
  ],
  [
    'another service',
    machine({ ...task, Resource: 'arn:aws:states:::sqs:sendMessage' }),
    'States.Step.Resource',
    'sqs:sendMessage',
  ],
  [
    'an asynchronous invocation',
    machine({ ...invoke, Parameters: { ...invoke.Parameters, InvocationType: 'Event' } }),
    'States.Step.Parameters.InvocationType',
    'Event',
  ],
  [
    'a client context',
    machine({ ...invoke, Parameters: { ...invoke.Parameters, ClientContext: 'x' } }),
    'States.Step.Parameters.ClientContext',
    'ClientContext',
  ],
  ['no function name', machine({ ...invoke, Parameters: {} }), 'States.Step.Parameters', 'without FunctionName'],
  [
    'a jitter of its own',
    machine({ ...task, Retry: [{ ErrorEquals: ['E'], JitterStrategy: 'HALF' }] }),
    'States.Step.Retry[0].JitterStrategy',
    'HALF',
  ],
  [
    'an unknown retrier field',
    machine({ ...task, Retry: [{ ErrorEquals: ['E'], Delay: 1 }] }),
    'States.Step.Retry[0].Delay',
    'Delay',
  ],
  [
    'output of a catcher',
    machine({ ...task, Catch: [{ ErrorEquals: ['E'], Next: 'Step', Output: {} }] }),
    'States.Step.Catch[0].Output',
    'Output',
  ],
  ['an unknown state type', machine({ Type: 'Loop' }), 'States.Step.Type', 'the state type Loop'],
  [
    'an unknown operator',
    machine({ Type: 'Choice', Choices: [{ Variable: '$.a', NumberEquals: 1, Next: 'Step' }] }),
    'States.Step.Choices[0].NumberEquals',
    'NumberEquals',
  ],
  [
    'an unknown operator deep down',
    machine({ Type: 'Choice', Choices: [{ Not: { Or: [{ Variable: '$.a', Is: 1 }] }, Next: 'Step' }] }),
    'States.Step.Choices[0].Not.Or[0].Is',
    'Is',
  ],
  [
    'a pattern with ?',
    machine({ Type: 'Choice', Choices: [{ Variable: '$.a', StringMatches: 'a?', Next: 'Step' }] }),
    'States.Step.Choices[0].StringMatches',
    'a?',
  ],
  ['a wildcard path', machine({ ...task, InputPath: '$.a[*]' }), 'States.Step.InputPath', 'wildcards'],
  ['a recursive path', machine({ ...task, Parameters: { 'a.$': '$..b' } }), 'States.Step.Parameters.a.$', 'wildcards'],
  [
    'a filter',
    machine({ ...task, ResultSelector: { 'a.$': '$.b[?(@.c)]' } }),
    'States.Step.ResultSelector.a.$',
    'filters',
  ],
  ['a negative index', machine({ ...task, InputPath: '$.a[-1]' }), 'States.Step.InputPath', '$.a[-1]'],
  [
    'an unknown intrinsic',
    machine({ ...task, Parameters: { 'a.$': "States.Magic($.b, '$..c')" } }),
    'States.Step.Parameters.a.$',
    'States.Magic',
  ],
  [
    'an intrinsic over a wildcard',
    machine({ ...task, Parameters: { 'a.$': 'States.ArrayLength($.b[*])' } }),
    'States.Step.Parameters.a.$',
    'wildcards',
  ],
  [
    'an intrinsic in ErrorPath',
    machine({ Type: 'Fail', ErrorPath: "States.Format('{}', $.e)" }),
    'States.Step.ErrorPath',
    'intrinsic',
  ],
  [
    'the task token',
    machine({ ...task, Parameters: { 't.$': '$$.Task.Token' } }),
    'States.Step.Parameters.t.$',
    '$$.Task.Token',
  ],
  [
    "the state's own context",
    machine({ ...task, Parameters: { 't.$': '$$.State.Name' } }),
    'States.Step.Parameters.t.$',
    '$$.State.Name',
  ],
  [
    'the Map item outside of its Map',
    machine({ ...task, Parameters: { 'i.$': '$$.Map.Item.Index' } }),
    'States.Step.Parameters.i.$',
    'outside the ItemSelector',
  ],
  ['too long a wait', machine({ Type: 'Wait', Seconds: 3_000_000, End: true }), 'States.Step.Seconds', '2147483'],
  [
    'ItemReader in an inline Map',
    machine({ ...map(reader({})), ItemProcessor: inner({}, { Mode: 'INLINE' }) }),
    'States.Step.ItemReader',
    'of an inline Map',
  ],
  [
    'ToleratedFailureCount in an inline Map',
    machine({ ...map({ ToleratedFailureCount: 1 }), ItemProcessor: inner({}, {}) }),
    'States.Step.ToleratedFailureCount',
    'inline Map',
  ],
  [
    'an unknown mode',
    machine(map({ ItemProcessor: inner({}, { Mode: 'TURBO' }) })),
    'States.Step.ProcessorConfig.Mode',
    'TURBO',
  ],
  [
    'an unknown execution type',
    machine(map({ ItemProcessor: inner({}, { Mode: 'DISTRIBUTED', ExecutionType: 'FAST' }) })),
    'States.Step.ProcessorConfig.ExecutionType',
    'FAST',
  ],
  [
    'a listing as item source',
    machine(map(reader({ Resource: 'arn:aws:states:::s3:listObjectsV2' }))),
    'States.Step.ItemReader.Resource',
    'listObjectsV2',
  ],
  [
    'an inventory as item source',
    machine(map(reader({ ReaderConfig: { InputType: 'MANIFEST' } }))),
    'States.Step.ItemReader.ReaderConfig.InputType',
    'MANIFEST',
  ],
  [
    'an items pointer',
    machine(map(reader({ ReaderConfig: { InputType: 'JSON', ItemsPointer: '/a' } }))),
    'States.Step.ItemReader.ReaderConfig.ItemsPointer',
    'ItemsPointer',
  ],
  [
    'a transformation of results',
    machine(map({ ResultWriter: { Resource: 'arn:aws:states:::s3:putObject', WriterConfig: {} } })),
    'States.Step.ResultWriter.WriterConfig',
    'WriterConfig',
  ],
  [
    'something inside a distributed Map',
    machine(map({ ItemProcessor: inner({ HeartbeatSeconds: 1 }) })),
    'States.Step.ItemProcessor.States.Inner.HeartbeatSeconds',
    'HeartbeatSeconds',
  ],
  [
    'something inside a branch',
    machine({
      Type: 'Parallel',
      Branches: [machine(task, 'A'), machine({ ...task, HeartbeatSeconds: 1 }, 'B')],
      End: true,
    }),
    'States.Step.Branches[1].States.B.HeartbeatSeconds',
    'HeartbeatSeconds',
  ],
  [
    'a state name twice',
    machine(map({ ItemProcessor: { ...machine(task) } })),
    'States.Step.ItemProcessor.States.Step',
    'twice',
  ],
  ['a machine field', { ...machine(task), Timeout: 5 }, 'Timeout', 'the field Timeout of a state machine'],
];

describe('the support gate', () => {
  it.each(refusals)('refuses %s by name and place', (_what, definition, place, says) => {
    const found = checkSupported(definition);
    expect(found).toHaveLength(1);
    expect(found[0]!.place).toBe(place);
    expect(found[0]!.what).toContain(says);
  });

  it.each(['workflow.asl.yml', 'team-a.asl.json', 'team-c.asl.json'])('lets %s pass', (file) => {
    expect(checkSupported(loadDefinition(fixture(file), { variables: { stage: 'dev' } }))).toEqual([]);
  });

  it('lets text pass that only looks like a path', () => {
    const parameters = {
      SomePath: 'a/b',
      note: 'States.Magic',
      'id.$': '$$.Execution.Id',
      'x.$': "States.Format('$..{}', $['a b'].c[0])",
    };
    expect(checkSupported(machine({ ...task, Parameters: parameters }))).toEqual([]);
  });

  it('stops a run before anything is invoked', async () => {
    const workspace = new Workspace();
    try {
      const definition = machine({ ...task, HeartbeatSeconds: 5, Credentials: {} });
      const run = runLocally({ definition, input: {}, functions: {}, runDirectory: workspace.runDirectory });
      await expect(run).rejects.toThrow(/States\.Step\.HeartbeatSeconds: [^]*States\.Step\.Credentials: /);
    } finally {
      workspace.remove();
    }
  });

  it('refuses what is not a state machine at all', async () => {
    const workspace = new Workspace();
    try {
      const definition = machine({ ...task, Next: 'Nowhere' });
      const run = runLocally({ definition, input: {}, functions: {}, runDirectory: workspace.runDirectory });
      await expect(run).rejects.toThrow(/The state machine is not valid:\n {2}/);
    } finally {
      workspace.remove();
    }
  });
});
