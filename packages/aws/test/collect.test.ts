import { fileStore } from '@cosmicai/store';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect } from '../src/run/collect.ts';
import { follow } from '../src/run/follow.ts';
import type { FunctionLogs, LogLine } from '../src/services/function-logs.ts';
import { at, EXECUTION_ARN, HistoryWriter, MAP_RUN_ID, caught, RUN } from './histories.ts';
import { counts, ScriptedWorkflow } from './scripted-workflow.ts';

const INFER = 'cosmicai-inference-dev-infer';
const SUMMARIZE = 'cosmicai-summarize-dev-summarize';
const INIT = 'cosmicai-init-dev-init';
const childArn = (name: string, express = false) =>
  express
    ? `arn:aws:states:us-east-1:123456789012:express:cosmicai-dev/Infer:${name}:x`
    : `${EXECUTION_ARN.replace('cosmicai-dev:one', 'cosmicai-dev/Infer')}:${name}`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cosmicai-collect-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What the ResultWriter leaves of two ranks, as AWS writes it. */
async function writeMapResults({ express = false } = {}) {
  const entry = (name: string, rank: number, fields: object) => ({
    ExecutionArn: childArn(name, express),
    Input: JSON.stringify({ RANK: String(rank) }),
    InputDetails: { Included: true },
    Name: name,
    StartDate: at(12).toISOString(),
    StateMachineArn: 'arn:aws:states:us-east-1:123456789012:stateMachine:cosmicai-dev/Infer',
    StopDate: at(17).toISOString(),
    ...fields,
  });
  const store = fileStore(folder);
  const at_ = `${RUN.run.map_prefix}/${MAP_RUN_ID}`;
  const ok = entry('a', 0, { Output: '{"rank":0}', Status: 'SUCCEEDED' });
  const bad = entry('b', 1, { Error: 'NotFoundError', Cause: 'No object', Status: 'FAILED' });
  await store.put(`${at_}/SUCCEEDED_0.json`, JSON.stringify([ok]));
  await store.put(`${at_}/FAILED_0.json`, JSON.stringify([bad]));
  await store.put(`${at_}/manifest.json`, '{}');
}

function reportLine(functionName: string, ended: number, requestId: string): LogLine {
  const message = `REPORT RequestId: ${requestId}\tDuration: 400.00 ms\tBilled Duration: 400 ms\tMemory Size: 512 MB\tMax Memory Used: 90 MB\t\nXRAY TraceId: 1-2-3\tSegmentId: 4\tSampled: true\t\n`;
  return { at: at(ended).getTime(), functionName, message };
}

const MAIN_LINES = [
  reportLine(INIT, 4, 'init-first'),
  reportLine(INIT, 7, 'request-init'),
  reportLine(SUMMARIZE, 19, 'request-summarize'),
];
const RANK_LINES = [reportLine(INFER, 16, 'request-a'), reportLine(INFER, 16, 'request-b')];

async function collected(lines: readonly LogLine[], { aborted = false } = {}) {
  const look = {
    status: 'FAILED',
    history: caught().events,
    mapRun: counts({ status: 'FAILED', failed: 1, succeeded: 1 }),
  };
  const workflow = new ScriptedWorkflow([look as never]);
  const begun = () => new HistoryWriter().add('ExecutionStarted', {}, 12).entered('Task', 'Predict').scheduled(INFER);
  workflow.childHistories.set(childArn('a'), begun().succeeded('request-a').exited('Task', 'Predict').events);
  const b = aborted ? begun().add('ExecutionAborted') : begun().failed('NotFoundError', 'No object');
  workflow.childHistories.set(childArn('b'), b.events);
  const options = { workflow, clock: workflow.clock, signal: new AbortController().signal };
  const followed = await follow({
    ...options,
    arn: EXECUTION_ARN,
    onEvent: () => undefined,
    onRanks: () => undefined,
    describesChildren: false,
  });
  const logs: FunctionLogs = {
    async *lines({ functionName }) {
      yield* lines.filter((line) => line.functionName === functionName);
    },
  };
  const result = await collect({
    ...options,
    followed,
    logs,
    openStore: () => fileStore(folder),
    functionNames: [INIT, INFER, SUMMARIZE],
    functions: { [INFER]: { architecture: 'x86_64', ephemeralStorageMb: 512 } },
    region: 'us-east-1',
  });
  return { ...result, workflow };
}

describe('what is known of a run that is over', () => {
  it('is its own events, those of each rank, and the REPORT line of each invocation', async () => {
    await writeMapResults();
    const { events, warnings } = await collected([...MAIN_LINES, ...RANK_LINES]);
    expect(warnings).toEqual([]);
    expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
    const times = events.map(({ time }) => Date.parse(time));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(events.filter(({ type }) => type.startsWith('Child'))).toEqual([
      expect.objectContaining({ type: 'ChildStarted', index: 0, input: { RANK: '0' } }),
      expect.objectContaining({ type: 'ChildStarted', index: 1, input: { RANK: '1' } }),
      expect.objectContaining({ type: 'ChildSucceeded', index: 0, output: { rank: 0 } }),
      expect.objectContaining({ type: 'ChildFailed', index: 1, error: 'NotFoundError', cause: 'No object' }),
    ]);
    const reports = events.flatMap((event) =>
      event.type === 'FunctionEnded' ? [[event.in, event.report.requestId]] : [],
    );
    expect(reports).toHaveLength(5);
    expect(reports).toEqual(
      expect.arrayContaining([
        [undefined, 'init-first'],
        [undefined, 'request-init'],
        ['Infer[0]', 'request-a'],
        ['Infer[1]', 'request-b'],
        [undefined, 'request-summarize'],
      ]),
    );
    // One state entered in the child, beside the six of the run itself.
    expect(events.filter(({ type, ...event }) => type === 'StateEntered' && event.in === 'Infer[0]')).toHaveLength(1);
  });

  it('looks again for lines that come late, gives up after a while and says how many are missing', async () => {
    await writeMapResults();
    const { warnings, workflow, events } = await collected(MAIN_LINES);
    expect(workflow.waits).toHaveLength(4);
    expect(warnings).toEqual([
      'The logs hold no REPORT line of 2 of 5 invocations; the cost is without them, except for what ranks tell of themselves.',
    ]);
    expect(events.filter(({ type }) => type === 'FunctionEnded')).toHaveLength(3);
  });

  it('says that express ranks keep no history to match lines by', async () => {
    await writeMapResults({ express: true });
    const { warnings, events } = await collected([...MAIN_LINES, ...RANK_LINES]);
    expect(warnings).toEqual([expect.stringContaining('Express children keep no history')]);
    expect(events.filter(({ type }) => type === 'ChildSucceeded')).toHaveLength(1);
  });

  it('counts a rank that went on when its execution was stopped with the Map, or says what it costs at most', async () => {
    await writeMapResults();
    const counted = await collected([...MAIN_LINES, ...RANK_LINES], { aborted: true });
    expect(counted.warnings).toEqual([]);
    const reports = counted.events.filter(({ type, ...event }) => type === 'FunctionEnded' && event.in === 'Infer[1]');
    expect(reports).toHaveLength(1);
    const open = await collected([...MAIN_LINES, RANK_LINES[0]!], { aborted: true });
    // 512 MB for 900 seconds at 0.0000166667 USD a GB-second, and the request.
    expect(open.warnings).toEqual([
      '1 invocation went on when its execution was stopped, for 15 minutes at most: the cost is without it, 0.00750 USD at most.',
    ]);
    expect(open.workflow.waits).toHaveLength(4);
  });
});
