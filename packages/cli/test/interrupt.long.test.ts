import { writeFileSync } from 'node:fs';
import type { RunEvent } from '@cosmicai/local';
import { SLOW, writeGalaxies } from '../../../test/late-failures.ts';
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

describe('other signals that ask a run to end', () => {
  it('end it as Ctrl-C does: processes gone, 130, and the command to go on with', async () => {
    const ends = ['SIGTERM', 'SIGHUP', 'SIGQUIT'].map(async (signal) => {
      const results = `stopped-by-${signal}`;
      const run = workspace.start([
        ...['run', '--data', 'parts', '--world-size', '4', '--batch-size', '8', '--concurrency', '1'],
        ...['--results', results, '--no-report'],
      ]);
      const atWork = ofType('FunctionStarted', { in: 'Infer[2]' });
      const { directory } = await eventOf(workspace.path(results), run.ended, atWork);
      process.kill(-(run.process.pid ?? NaN), signal);
      const { code, stderr } = await run.ended;
      const pids = eventsIn(directory)
        .filter(ofType('FunctionStarted'))
        .flatMap(({ pid }) => pid ?? []);
      return {
        signal,
        code,
        goOn: stderr.includes(`cosmicai run --resume ${directory}`),
        left: pids.filter(isRunning),
      };
    });
    expect(await Promise.all(ends)).toEqual(
      ['SIGTERM', 'SIGHUP', 'SIGQUIT'].map((signal) => ({ signal, code: 130, goOn: true, left: [] })),
    );
  });
});

describe('a second Ctrl-C', () => {
  it('stops in the middle of a forward pass, without a word of the runtime’s', async () => {
    writeFileSync(workspace.path('slow.onnx'), SLOW);
    await writeGalaxies(workspace.path('slow'), '1.pt', []);
    const infer = workspace.start([
      ...['infer', 'slow/1.pt', '--model', 'slow.onnx', '--batch-size', '32', '--out', 'slow.csv'],
    ]);
    const { stderr } = infer.process;
    const said = (words: string) => {
      let text = '';
      return new Promise<void>((resolve) =>
        stderr?.on('data', (more: string) => {
          text += more;
          if (text.includes(words)) resolve();
        }),
      );
    };
    const [predicting, stopping] = [said('Predicting'), said('Ctrl-C again')];
    await predicting;
    infer.process.kill('SIGINT');
    await stopping;
    infer.process.kill('SIGINT');
    const end = await infer.ended;
    // It may have stopped cleanly by then.
    expect(infer.process.signalCode ?? end.code).toEqual(end.stderr.includes('Stopped.') ? 130 : 'SIGINT');
    expect(end.stderr).not.toMatch(/terminate called|Napi/);
    expect(workspace.names('.').filter((name) => name.endsWith('.partial'))).toEqual([]);
  });
});
