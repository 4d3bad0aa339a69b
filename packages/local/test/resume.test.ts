import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { loadDefinition, type JsonObject, type LocalRunOptions } from '../src/index.ts';
import { fixture, outline, rankFunctions, Workspace } from './workspace.ts';

const definition = loadDefinition(fixture('workflow.asl.yml'), {
  variables: { stage: 'dev' },
  functions: { 'dev-init': 'init', 'dev-check': 'check', 'dev-inference': 'inference', 'dev-summarize': 'summarize' },
});

let workspace: Workspace;
beforeEach(() => (workspace = new Workspace()));
afterEach(() => workspace.remove());

const input = (tasks: JsonObject) => ({ folder: workspace.folder, world_size: 4, tasks });

/** Runs until rank 2 is at work, with ranks 0 and 1 done, and stops there. */
async function interrupted(fields: Partial<LocalRunOptions> = {}) {
  const stop = new AbortController();
  const result = await workspace.run({
    definition,
    concurrency: 1,
    input: input({ 2: { hang: 1 } }),
    signal: stop.signal,
    onEvent: (event) => {
      if (event.type !== 'FunctionStarted' || event.in !== 'Infer[2]') return;
      const wait = setInterval(() => {
        if (!workspace.calls().includes('rank 2')) return;
        clearInterval(wait);
        stop.abort(new Error('Interrupted'));
      }, 5);
    },
    ...fields,
  });
  return result;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('stopping a run', () => {
  it('ends every process and completes the events', async () => {
    const result = await interrupted();
    expect(result).toMatchObject({ status: 'ABORTED', output: null, cause: 'Interrupted' });
    const pids = result.events.flatMap((event) => (event.type === 'FunctionStarted' ? [event.pid!] : []));
    expect(pids.filter(isRunning)).toEqual([]);
    expect(outline(result).slice(-5)).toEqual([
      'ChildSucceeded Infer',
      'ChildStarted Infer',
      'ChildAborted Infer',
      'MapRunEnded Infer',
      'RunEnded',
    ]);
    expect(result.events.find((event) => event.type === 'MapRunEnded')).toMatchObject({
      ...{ status: 'ABORTED', succeeded: 2, failed: 0, aborted: 1, pending: 1 },
    });
    const lines = readFileSync(join(workspace.runDirectory, 'events.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(result.events.length);
  });

  it('does nothing at all when the signal has fired already', async () => {
    const result = await workspace.run({ definition, signal: AbortSignal.abort(new Error('too late')) });
    expect(result).toMatchObject({ status: 'ABORTED', cause: 'too late' });
    expect(workspace.calls()).toEqual([]);
  });
});

describe('an engine that is killed', () => {
  it('leaves no process of its functions behind', async () => {
    const engine = spawn(
      process.execPath,
      [fixture('engine.ts'), workspace.runDirectory, fixture('functions', 'echo.mjs'), 'never'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [started] = (await once(engine.stdout, 'data')) as [Buffer];
    const pid = Number(started.toString());
    expect(isRunning(pid)).toBe(true);
    const over = once(engine, 'exit');
    engine.kill('SIGKILL');
    await over;
    while (isRunning(pid)) await setTimeout(5);
  });
});

describe('resuming a run', () => {
  it('runs only what had not finished', async () => {
    await interrupted();
    const result = await workspace.run({ definition, resume: true });
    expect(result.status).toBe('SUCCEEDED');
    expect(workspace.calls().slice(4).sort()).toEqual(['rank 2', 'rank 3', 'summarize']);
    expect(result.events.flatMap((event) => (event.type === 'ChildKept' ? [event.index] : []))).toEqual([0, 1]);
    expect(result.events.map((event) => event.id)).toEqual(result.events.map((_, index) => index + 1));
    expect(result.reports).toHaveLength(7);
  });

  it('asks what the state gets with which it goes on, and says what had finished', async () => {
    await interrupted();
    const points: unknown[] = [];
    const result = await workspace.run({
      definition,
      resume: true,
      onResume: async (point) => {
        points.push([point.state, [...point.finished.get('Infer')!.keys()]]);
        return { ...point, input: { ...(point.input as JsonObject), renewed: true } };
      },
    });
    expect(result.status).toBe('SUCCEEDED');
    expect(points).toEqual([['Infer', [0, 1]]]);
    const entered = result.events.findLast((event) => event.type === 'StateEntered' && event.state === 'Infer');
    expect(entered).toMatchObject({ input: { renewed: true } });
  });

  it('asks about the first state when none had begun, and of a run that succeeded whether it stays so', async () => {
    const stopped = await workspace.run({ definition, signal: AbortSignal.abort(new Error('at once')) });
    expect(stopped.status).toBe('ABORTED');
    const states: string[] = [];
    const onResume: NonNullable<LocalRunOptions['onResume']> = async (soFar) => {
      states.push(soFar.state);
      return soFar.succeeded ? undefined : soFar;
    };
    expect((await workspace.run({ definition, resume: true, onResume })).status).toBe('SUCCEEDED');
    const calls = workspace.calls().length;
    expect((await workspace.run({ definition, resume: true, onResume })).status).toBe('SUCCEEDED');
    expect(states[0]).toBe(definition.StartAt);
    expect(states).toHaveLength(2);
    expect(workspace.calls()).toHaveLength(calls);
  });

  it('lists kept children with the rest in the results of the Map', async () => {
    await interrupted();
    const result = await workspace.run({ definition, resume: true });
    const { map } = result.output as { map: { ResultWriterDetails: { Key: string } } };
    const manifest = JSON.parse((await workspace.store.get(map.ResultWriterDetails.Key)).toString()) as {
      ResultFiles: { SUCCEEDED: { Key: string }[] };
    };
    const list = await workspace.store.get(manifest.ResultFiles.SUCCEEDED[0]!.Key);
    const children = JSON.parse(list.toString()) as { Output: string }[];
    expect(children.map((child) => (JSON.parse(child.Output) as { rank: number }).rank)).toEqual([0, 1, 2, 3]);
  });

  it('resumes what a killed engine left behind, half a line included', async () => {
    await interrupted();
    appendFileSync(join(workspace.runDirectory, 'events.jsonl'), '{"id":99,"ty');
    const result = await workspace.run({ definition, resume: true });
    expect(result.status).toBe('SUCCEEDED');
    const lines = readFileSync(join(workspace.runDirectory, 'events.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { id: number }).id)).toEqual(result.events.map(({ id }) => id));
  });

  it('goes back to a Map whose failure was caught, and runs only the failed ranks again', async () => {
    const failing = await workspace.run({ definition, concurrency: 1, input: input({ 1: { failures: 1 } }) });
    expect(failing.status).toBe('FAILED');
    expect(workspace.calls()).toEqual(['init', 'rank 0', 'rank 1', 'summarize']);
    const result = await workspace.run({ definition, resume: true });
    expect(result.status).toBe('SUCCEEDED');
    expect(workspace.calls().slice(4).sort()).toEqual(['rank 1', 'rank 2', 'rank 3', 'summarize']);
  });

  it('can be interrupted and resumed several times', async () => {
    await interrupted();
    const again = await workspace.run({ definition, resume: true, signal: AbortSignal.abort(new Error('again')) });
    expect(again.status).toBe('ABORTED');
    const result = await workspace.run({ definition, resume: true });
    expect(result.status).toBe('SUCCEEDED');
    expect(workspace.calls().filter((call) => call === 'init')).toHaveLength(1);
    expect(workspace.calls().filter((call) => call === 'rank 0')).toHaveLength(1);
  });

  it('goes on at a failed Task with the input it had', async () => {
    const broken = { ...rankFunctions, summarize: { ...rankFunctions.summarize, handler: 'missing' } };
    const failing = await workspace.run({ definition, functions: broken });
    expect(failing).toMatchObject({ status: 'FAILED', error: 'Runtime.HandlerNotFound' });
    const result = await workspace.run({ definition, resume: true });
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { body: 'done' } });
    expect(workspace.calls().slice(4)).toEqual(['summarize']);
  });

  it('answers what it had answered when the run had succeeded', async () => {
    const first = await workspace.run({ definition });
    const calls = workspace.calls();
    const second = await workspace.run({ definition, resume: true });
    expect(second.output).toEqual(first.output);
    expect(workspace.calls()).toEqual(calls);
  });

  it('refuses a folder without a run, a folder with one, and a changed definition', async () => {
    await expect(workspace.run({ definition, resume: true })).rejects.toThrow('holds no run to resume');
    await workspace.run({ definition });
    await expect(workspace.run({ definition })).rejects.toThrow('holds a run already');
    const changed: JsonObject = { ...definition, Comment: 'another' };
    await expect(workspace.run({ definition: changed, resume: true })).rejects.toThrow('has changed since');
  });
});
