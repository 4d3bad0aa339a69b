import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse as parseYaml } from 'yaml';
import { fuzz, jsonText, oddInText, oneFieldChanged } from '../../../test/fuzz.ts';
import { functionsOf, loadDefinition, loadFunctionNames, requireSupported } from '../src/index.ts';
import { prepareMachine } from '../src/definition/prepare.ts';
import { fixture } from './workspace.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cosmicai-fuzz-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(text: string): string {
  const file = join(folder, 'file.yml');
  writeFileSync(file, text);
  return file;
}

const documents = [
  join(import.meta.dirname, '..', '..', '..', 'state-machine.asl.yml'),
  ...['team-a.asl.json', 'team-c.asl.json'].map((name) => fixture(name)),
].map((file) => structuredClone(parseYaml(readFileSync(file, 'utf8'), { merge: true }) as object));

const input = fc.constantFrom('$', '$.a', "$['a b'].c[0]", '$$.Execution.Name');
const retry = fc.array(
  fc.record({
    ErrorEquals: fc.constant(['Lambda.Unknown', 'OwnError']),
    MaxAttempts: fc.nat(3),
    IntervalSeconds: fc.integer({ min: 1, max: 9 }),
  }),
  { minLength: 1, maxLength: 1 },
);
const taskState = fc.record(
  {
    Type: fc.constant('Task'),
    Resource: fc.constant('arn:aws:states:::lambda:invoke'),
    Parameters: fc.record({ FunctionName: fc.constantFrom('init', 'infer:$LATEST'), 'Payload.$': input }),
    InputPath: input,
    ResultSelector: fc.constant({ 'kept.$': "States.Format('{}', $.a)" }),
    ResultPath: fc.constantFrom('$.r', null),
    TimeoutSeconds: fc.integer({ min: 1, max: 900 }),
    Retry: retry,
    Comment: fc.string(),
  },
  { requiredKeys: ['Type', 'Resource', 'Parameters'] },
);
const passState = fc.record(
  { Type: fc.constant('Pass'), Result: fc.jsonValue({ maxDepth: 2 }), Comment: fc.string() },
  { requiredKeys: ['Type'] },
);
const waitState = fc.record({ Type: fc.constant('Wait'), Seconds: fc.nat(100) });

/** States one after the other, some of them with machines inside. */
const { machine } = fc.letrec<{ machine: object; state: object }>((tie) => ({
  state: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    passState,
    taskState,
    waitState,
    fc.record({ Type: fc.constant('Parallel'), Branches: fc.array(tie('machine'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ Type: fc.constant('Map'), ItemsPath: input, ItemProcessor: tie('machine') }),
    tie('machine').map((inner) => ({
      Type: 'Map',
      ItemProcessor: { ...inner, ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' } },
    })),
  ),
  machine: fc.array(tie('state'), { minLength: 1, maxLength: 3 }).map((states) => inSequence(states)),
}));

let named = 0;
function inSequence(states: readonly object[]): object {
  const names = states.map(() => `S${++named}`);
  const entries = states.map((state, at) => [
    names[at],
    { ...state, ...(at + 1 < names.length ? { Next: names[at + 1] } : { End: true }) },
  ]);
  const choice = {
    Type: 'Choice',
    Choices: [{ Variable: '$.a', StringEquals: 'x', Next: names[0] }],
    Default: names[0],
  };
  const first = `S${++named}`;
  return { StartAt: first, States: Object.fromEntries([[first, choice], ...entries]) as object };
}

const definition = fc.oneof(fc.constantFrom(...documents), machine);

const VARIABLES = {
  'sls:stage': 'local',
  'self:custom.options.map_execution_type': 'STANDARD',
  'self:custom.options.infer_qualifier': '',
};
const NAMES = ['init', 'infer', 'inference', 'initFmi', 'summarize', 'resultSummary'];
const FUNCTIONS = {
  ...loadFunctionNames(fixture('team-functions.yml')),
  'cosmicai-init-local-init': 'init',
  'cosmicai-init-local-initFmi': 'initFmi',
  'cosmicai-inference-local-inference': 'infer',
  'cosmicai-summarize-local-summarize': 'summarize',
};

function takeDefinition(text: string): void {
  const loaded = loadDefinition(fileWith(text), { variables: VARIABLES, functions: FUNCTIONS });
  requireSupported(loaded, NAMES);
  prepareMachine(loaded);
}

it('every state machine is prepared or refused by name', () => {
  const tally = fuzz({
    tries: 1000,
    // The validator of the states language takes its time.
    quick: 16,
    valid: definition.map(jsonText),
    changed: oneFieldChanged(definition, oddInText).map(jsonText),
    other: fc.oneof(
      oddInText.map(jsonText),
      fc.record({ StartAt: oddInText, States: oddInText }).map(jsonText),
      fc.string(),
      yamlTraps,
    ),
    take: takeDefinition,
  });

  expect(tally.changed).toBeGreaterThanOrEqual(tally.tries / 2);
  expect(tally.accepted).toBeGreaterThanOrEqual(tally.tries / 3);
});

/** What YAML has and JSON has not. */
const yamlTraps = fc.constantFrom(
  'StartAt: A\nStates: &s\n  A: *s\n',
  'a: &a [*a]\n',
  'StartAt: A\nStates: {A: {Type: Pass, End: true, Result: !!binary aGVsbG8=}}\n',
  'StartAt: A\nStates: !!set {A, B}\n',
  'StartAt: A\nTimeoutSeconds: .nan\nStates: {A: {Type: Pass, End: true}}\n',
  'StartAt: 2026-03-04\nStates: {2026-03-04: {Type: Pass, End: true}}\n',
  '? [a, b]\n: c\n',
  'a: 1\na: 2\n',
  '--- a\n--- b\n',
  '<<: 3\n',
  '\tx: y\n',
  '*unknown\n',
  '[1,'.repeat(5000),
  `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n`,
);

it('every map of function names is read or refused by name', () => {
  const theirs = fc.oneof(
    fc.constantFrom(
      'data-parallel-init',
      'cosmic-executor',
      'resultSummary',
      'init:prod',
      'arn:aws:lambda:us-east-1:123456789012:function:cosmic-executor:3',
    ),
    fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/),
  );
  const map = fc.dictionary(theirs, fc.constantFrom(...NAMES), { minKeys: 1, maxKeys: 6 });
  const asText = (names: object) =>
    Object.keys(names).length % 2 === 0
      ? jsonText(names)
      : Object.entries(names)
          .map(([name, ours]) => `${JSON.stringify(name)}: ${typeof ours === 'string' ? ours : jsonText(ours)}\n`)
          .join('');
  const tally = fuzz({
    tries: 600,
    valid: map.map(asText),
    changed: oneFieldChanged(map, oddInText).map(asText),
    other: fc.oneof(oddInText.map(jsonText), fc.string(), yamlTraps),
    take: (text) => {
      const functions = loadFunctionNames(fileWith(text));
      functionsOf(loadDefinition(fixture('team-c.asl.json'), { functions }));
    },
  });

  expect(tally.changed).toBeGreaterThanOrEqual(tally.tries / 2);
  expect(tally.accepted).toBeGreaterThanOrEqual(tally.tries / 3);
});
