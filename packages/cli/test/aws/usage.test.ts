import { fileURLToPath } from 'node:url';
import { loadDefinition, type RunEvent } from '@cosmicai/local';
import { costOfRun, pricesOf } from '@cosmicai/metrics';
import type { RankResult } from '@cosmicai/payload';
import { usageOf, type UsageSources } from '../../src/report/usage.ts';

const MACHINE = fileURLToPath(new URL('../../../../state-machine.asl.yml', import.meta.url));
const RANK_FUNCTION = 'cosmicai-inference-dev-inference';

const definitionWith = (childType: string) =>
  loadDefinition(MACHINE, {
    variables: {
      'sls:stage': 'dev',
      'self:custom.options.map_execution_type': childType,
      'self:custom.options.infer_qualifier': ':provisioned',
    },
  });

/** Events with ids and times, each so many milliseconds after the start. */
function eventsOf(...events: (Record<string, unknown> & { at?: number })[]): RunEvent[] {
  const start = Date.parse('2026-03-04T05:06:07.000Z');
  return events.map(
    ({ at = 0, ...event }, index) =>
      ({ id: index + 1, time: new Date(start + at).toISOString(), ...event }) as unknown as RunEvent,
  );
}

const entered = (state: string, child?: string) => ({
  type: 'StateEntered',
  state,
  stateType: 'Task',
  input: null,
  ...(child !== undefined && { in: child }),
});
const STARTED = { type: 'RunStarted', input: {} };
const OUTER = ['Initialize', 'FmiEnabled', 'Infer', 'Summarize', 'RunSucceeded', 'Done'].map((state) => entered(state));
const MAP = { type: 'MapRunStarted', state: 'Infer', items: 3, children: 3, concurrency: 3 };
const child = (type: string, index: number, at: number) => ({ type, state: 'Infer', index, at });
/** Children of 350 ms, 2 s, and 1.01 s. */
const CHILDREN = [
  child('ChildStarted', 0, 0),
  child('ChildStarted', 1, 0),
  child('ChildStarted', 2, 100),
  child('ChildSucceeded', 0, 350),
  child('ChildFailed', 2, 1110),
  child('ChildSucceeded', 1, 2000),
];

const stepFunctionsOf = (events: RunEvent[], sources: UsageSources) => usageOf(events, sources).stepFunctions;

describe('what Step Functions is paid for', () => {
  it('are requests and duration of Express children, in steps of 100 ms at 64 MB, and no transitions in them', () => {
    const events = eventsOf(STARTED, ...OUTER, MAP, ...CHILDREN, entered('Predict', 'Infer[0]'));
    const usage = usageOf(events, { definition: definitionWith('EXPRESS') });

    expect(usage.stepFunctions).toEqual({
      standardTransitions: 6,
      expressRequests: 3,
      expressGbSeconds: expect.closeTo((0.4 + 2 + 1.1) * (64 / 1024), 12) as number,
    });
    expect(costOfRun(usage, pricesOf()).items.map(({ item }) => item)).toEqual([
      'Standard',
      'Express requests',
      'Express duration',
    ]);
  });

  it('are transitions of Standard children: each state entered or retried, one where a child has no history', () => {
    const retried = { type: 'StateRetried', state: 'Predict', attempt: 1, in: 'Infer[0]' };
    const events = eventsOf(STARTED, ...OUTER, MAP, ...CHILDREN, entered('Predict', 'Infer[0]'), retried);

    expect(stepFunctionsOf(events, { definition: definitionWith('STANDARD') })).toEqual({
      // Child 0 entered and retried its state; of 1 and 2 nothing is told but that they ran.
      standardTransitions: 6 + 2 + 2,
      expressRequests: 0,
      expressGbSeconds: 0,
    });
  });

  it('are as many children as the Map counted, where nobody lists them', () => {
    const events = eventsOf(STARTED, ...OUTER, MAP);

    expect(stepFunctionsOf(events, { definition: definitionWith('STANDARD') })?.standardTransitions).toBe(6 + 3);
    expect(stepFunctionsOf(events, { definition: definitionWith('EXPRESS') })?.expressRequests).toBe(3);
  });

  it('is nothing for ranks that somebody’s machine called again', () => {
    const events = eventsOf(entered('Infer'), MAP, ...CHILDREN, entered('Summarize'));

    expect(stepFunctionsOf(events, { definition: definitionWith('EXPRESS') })).toBeUndefined();
  });
});

describe('what Lambda is paid for', () => {
  it('are ranks without a REPORT line too, by what they tell of themselves and the stage of its functions', () => {
    const rank = (total: number) =>
      ({ memory_limit_mb: 3008, architecture: 'x86_64', timing: { total } }) as unknown as RankResult;
    const sizes = { [RANK_FUNCTION]: { architecture: 'arm64', ephemeralStorageMb: 1024 } } as const;

    const { lambda } = usageOf(eventsOf(STARTED), {
      definition: definitionWith('EXPRESS'),
      sizes,
      unreported: [rank(1.2341), rank(2)],
    });

    expect(lambda).toEqual([
      {
        name: `${RANK_FUNCTION}, by the ranks’ own times,`,
        architecture: 'arm64',
        memoryMb: 3008,
        ephemeralStorageMb: 1024,
        requests: 2,
        billedSeconds: 3.235,
      },
    ]);
  });
});
