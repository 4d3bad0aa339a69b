import type { RunEvent } from '@cosmicai/local';
import { eventOf, eventsIn, executionsIn, ofType } from './support/events.ts';
import { printedRun, Workspace } from './support/workspace.ts';

let workspace: Workspace;
beforeAll(async () => {
  workspace = new Workspace();
  await workspace.surveyWithLongRank('parts');
});
afterAll(() => workspace.remove());

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const indices = (events: readonly RunEvent[], type: 'ChildSucceeded' | 'ChildStarted' | 'ChildKept') =>
  events.filter(ofType(type)).map(({ index }) => index);

describe('Ctrl-C in the middle of a run', () => {
  it('ends every process and leaves a run that --resume finishes without running finished ranks again', async () => {
    const run = workspace.start([
      ...['run', '--data', 'parts', '--world-size', '4', '--batch-size', '8', '--concurrency', '1'],
      ...['--results', 'stopped', '--json', '--no-report'],
    ]);
    const atWork = ofType('FunctionStarted', { in: 'Infer[2]' });
    const { directory } = await eventOf(workspace.path('stopped'), run.ended, atWork);
    // As a terminal does: to the whole group, functions included.
    process.kill(-run.process.pid!, 'SIGINT');
    const stopped = await run.ended;

    expect(stopped.code).toBe(130);
    expect(printedRun(stopped)).toMatchObject({ status: 'ABORTED', summary: null });
    expect(stopped.stderr).toContain(`cosmicai run --resume ${directory}`);
    const before = eventsIn(directory);
    const processes = before.filter(ofType('FunctionStarted')).map(({ pid }) => pid!);
    expect(processes.length).toBeGreaterThan(0);
    expect(processes.filter(isRunning)).toEqual([]);
    expect(indices(before, 'ChildSucceeded')).toEqual([0, 1]);
    expect(before.at(-1)).toMatchObject({ type: 'RunEnded', status: 'ABORTED' });
    expect(workspace.exists('stopped', 'combined_data.json')).toBe(false);

    // The model is that of the start, whatever would be the default now.
    const other = { environment: { COSMICAI_MODEL: workspace.path('absent.onnx') } };
    const resumed = await workspace.cosmicai(['run', '--resume', directory, '--json', '--no-report'], other);

    expect(resumed.code).toBe(0);
    expect(printedRun(resumed)).toMatchObject({
      status: 'SUCCEEDED',
      directory,
      summary: { samples: 545, ranks: { planned: 4, succeeded: 4, failed: 0 } },
    });
    const after = eventsIn(directory).slice(before.length);
    expect(indices(after, 'ChildKept')).toEqual([0, 1]);
    expect(indices(after, 'ChildStarted')).toEqual([2, 3]);
    expect(after.filter(ofType('FunctionStarted')).map(({ functionName }) => functionName)).toEqual([
      ...['infer', 'infer', 'summarize'],
    ]);
    expect(workspace.combined('stopped', 'combined_data.json').map(({ rank }) => rank)).toEqual([0, 1, 2, 3]);
    expect(executionsIn(workspace.path('stopped'))).toEqual([directory]);
  });
});
