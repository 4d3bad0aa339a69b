import { follow } from '../src/run/follow.ts';
import type { UnnumberedEvent } from '@cosmicai/payload';
import { BackOff } from '../src/services/wait.ts';
import { caught, EXECUTION_ARN, MAP_RUN_ARN, planned } from './histories.ts';
import { counts, ScriptedWorkflow, type Look } from './scripted-workflow.ts';

async function followed(
  looks: readonly Look[],
  { describesChildren = true, signal = new AbortController().signal } = {},
) {
  const workflow = new ScriptedWorkflow(looks);
  const shown: UnnumberedEvent[] = [];
  const ranks: string[] = [];
  const result = await follow({
    workflow,
    arn: EXECUTION_ARN,
    clock: workflow.clock,
    signal,
    describesChildren,
    onEvent: (event) => shown.push(event),
    onRanks: (state, { succeeded, failed, total }) => ranks.push(`${state} ${succeeded + failed}/${total}`),
  });
  return { ...result, workflow, shown, ranks };
}

const failedChild = `${EXECUTION_ARN.replace('cosmicai-dev', 'cosmicai-dev/Infer')}-child`;

const LOOKS: readonly Look[] = [
  { status: 'RUNNING', history: planned().events.slice(0, 3) },
  { status: 'RUNNING', history: planned().events, mapRun: counts({ total: 0 }) },
  { status: 'RUNNING', history: planned().events, mapRun: counts({ pending: 1 }) },
  {
    status: 'RUNNING',
    history: planned().events,
    mapRun: counts({ failed: 1 }),
    failed: { [failedChild]: { input: '{"RANK":"1"}', error: 'NotFoundError', cause: 'No object' } },
  },
  { status: 'FAILED', history: caught().events, mapRun: counts({ status: 'FAILED', failed: 1, succeeded: 1 }) },
];

describe('following an execution', () => {
  it('tells every event once, ranks as they end, and why one failed while others are at work', async () => {
    const { shown, ranks, execution, events, mapRuns } = await followed(LOOKS);
    expect(execution.status).toBe('FAILED');
    expect(ranks).toEqual(['Infer 0/2', 'Infer 1/2', 'Infer 2/2']);
    expect(shown.filter(({ type }) => type === 'ChildFailed')).toEqual([
      expect.objectContaining({ state: 'Infer', index: 1, error: 'NotFoundError', cause: 'No object' }),
    ]);
    const types = shown.map(({ type }) => type);
    expect(types.filter((type) => type === 'MapRunStarted' || type === 'RunStarted')).toHaveLength(2);
    expect(types.indexOf('MapRunEnded')).toBeGreaterThan(types.indexOf('ChildFailed'));
    expect(types.indexOf('MapRunEnded')).toBeLessThan(types.indexOf('StateCaught'));
    expect(types.at(-1)).toBe('RunEnded');
    // The events of ranks come from the Map's results afterwards.
    expect(events.filter(({ type }) => type.startsWith('Child'))).toEqual([]);
    expect(mapRuns.get('Infer')).toMatchObject({ succeeded: 1, failed: 1 });
  });

  it('tells of a Map that began and ended between two looks', async () => {
    const { shown } = await followed([LOOKS.at(-1)!]);
    const types = shown.map(({ type }) => type);
    expect(types.indexOf('MapRunStarted')).toBeGreaterThan(0);
    expect(types.indexOf('MapRunStarted')).toBeLessThan(types.indexOf('MapRunEnded'));
    expect(types.indexOf('MapRunEnded')).toBeLessThan(types.indexOf('StateFailed', types.indexOf('MapRunStarted')));
  });

  it('asks for no single child of an EXPRESS Map, which AWS does not describe', async () => {
    const { shown } = await followed(LOOKS, { describesChildren: false });
    expect(shown.some(({ type }) => type === 'ChildFailed')).toBe(false);
  });

  it('watches a redriven Map run again, from the counts that it has now', async () => {
    const redriven = () =>
      planned()
        .add('MapRunAborted')
        .add('ExecutionAborted')
        .add('ExecutionRedriven', {})
        .add('MapRunRedriven', { mapRunRedrivenEventDetails: { mapRunArn: MAP_RUN_ARN, redriveCount: 1 } });
    const { shown, ranks } = await followed([
      { status: 'RUNNING', history: redriven().events, mapRun: counts({ succeeded: 1 }) },
      {
        status: 'SUCCEEDED',
        history: redriven().exited('Map', 'Infer').add('ExecutionSucceeded').events,
        mapRun: counts({ status: 'SUCCEEDED', succeeded: 2 }),
      },
    ]);
    expect(shown.slice(-2).map(({ type }) => type)).toEqual(['StateExited', 'RunEnded']);
    expect(ranks).toEqual(['Infer 1/2', 'Infer 2/2']);
    expect(shown.filter(({ type }) => type === 'MapRunEnded')).toHaveLength(1);
  });

  it('waits longer while nothing happens, and shortly again once something does', async () => {
    const quiet = { status: 'RUNNING', history: planned().events.slice(0, 2) } as const;
    const { workflow } = await followed([quiet, quiet, quiet, quiet, LOOKS[1]!, LOOKS.at(-1)!]);
    const [first, second, third, , fifth] = workflow.waits;
    expect(second).toBeGreaterThan(first!);
    expect(third).toBeGreaterThan(second!);
    expect(fifth).toBe(first);
    const backOff = new BackOff();
    const long = Array.from({ length: 50 }, () => backOff.next(false));
    expect(long.at(-1)).toBe(10_000);
  });

  it('ends with the reason when it is interrupted', async () => {
    const reason = new Error('Ctrl-C');
    await expect(followed(LOOKS, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
