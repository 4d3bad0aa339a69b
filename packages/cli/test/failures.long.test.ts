import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventOf, eventsIn, ofType } from './support/events.ts';
import { printedRun, Workspace } from './support/workspace.ts';

let workspace: Workspace;
beforeAll(async () => {
  workspace = new Workspace();
  await workspace.survey('parts');
  cpSync(workspace.path('parts'), workspace.path('corrupt'), { recursive: true });
  const file = workspace.path('corrupt', '3.pt');
  writeFileSync(file, readFileSync(file).subarray(0, 200_000));
});
afterAll(() => workspace.remove());

describe('a rank whose process is killed while it predicts', () => {
  it.concurrent('is tried again, and the run succeeds', async () => {
    // Long enough to be killed in the middle: rank 1 gets a file of 500 galaxies. With one process for all ranks its
    // invocation starts in a warm one, so that no part of it is spent on starting up.
    cpSync(workspace.path('parts', '1.pt'), workspace.path('long', '1.pt'));
    await workspace.survey('five-hundred', { count: 500, files: 1, seed: 3 });
    cpSync(workspace.path('five-hundred', '1.pt'), workspace.path('long', '2.pt'));
    const results = workspace.path('killed');
    const run = workspace.start([
      ...['run', '--data', 'long', '--world-size', '2', '--batch-size', '8', '--concurrency', '1'],
      ...['--results', 'killed', '--json', '--no-report'],
    ]);

    const started = ofType('FunctionStarted', { in: 'Infer[1]' });
    const { event, directory } = await eventOf(results, run.ended, started);
    process.kill(event.pid!, 'SIGKILL');
    const end = await run.ended;

    expect(end.code).toBe(0);
    expect(printedRun(end).summary).toMatchObject({ samples: 515, ranks: { succeeded: 2, failed: 0 } });
    expect(end.stderr).toContain('Infer[1]: trying Predict again (attempt 2)');
    const inRank = eventsIn(directory).filter((one) => one.in === 'Infer[1]');
    expect(inRank.map(({ type }) => type)).toEqual([
      'StateEntered',
      ...['FunctionStarted', 'FunctionEnded', 'StateFailed'],
      'StateRetried',
      ...['FunctionStarted', 'FunctionEnded', 'StateExited'],
    ]);
    expect(inRank.find(ofType('FunctionEnded'))).toMatchObject({
      report: { functionName: 'infer', status: 'error', errorType: 'Runtime.ExitError' },
    });
    expect(inRank.find(ofType('StateFailed'))).toMatchObject({ error: 'Runtime.ExitError' });
    expect(inRank.find(ofType('StateFailed'))!.cause).toContain('signal: killed');
    const pids = inRank.filter(started).map(({ pid }) => pid);
    expect(new Set(pids).size).toBe(2);
    expect(readFileSync(join(directory, 'reports.log'), 'utf8')).toContain('Error Type: Runtime.ExitError');
  });
});

describe('a corrupt partition', () => {
  it.concurrent('fails a run that tolerates nothing, naming rank and file', async () => {
    const run = await workspace.cosmicai([
      ...['run', '--data', 'corrupt', '--world-size', '4', '--results', 'strict'],
      ...['--concurrency', '1', '--no-report'],
    ]);

    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/^Infer: rank 2 failed: PartitionError: rank 2, partition 3\.pt: /m);
    expect(run.stderr).toMatch(/The run failed: RanksFailed/);
    expect(run.stderr).toMatch(
      /\nOnce that is mended, go on with: cosmicai run --resume \S+strict\/executions\/\S+\n$/,
    );
    expect(run.stdout).not.toContain('strict/combined_data.json');
    expect(run.stderr).toMatch(/rank 2 \(3\.pt\): PartitionError: .*3\.pt/);
    expect(workspace.exists('strict', 'combined_data.json')).toBe(false);
    // Nothing of a failed run is published: it lies in its own folder, which report finds.
    expect(workspace.exists('strict', 'summary.json')).toBe(false);
    const [runId] = workspace.names('strict', 'runs');
    const summary = workspace.summary('strict', 'runs', runId!, 'summary.json');
    expect(summary).toMatchObject({ status: 'FAILED', ranks: { planned: 4, succeeded: 2, failed: 2 } });
    expect(summary.failed_ranks).toMatchObject([
      { rank: 2, data_path: ['3.pt'], error: 'PartitionError' },
      { rank: 3, error: 'RankNotStarted', cause: 'never started because rank 2 failed' },
    ]);
  });

  it.concurrent('is left out of a run that tolerates it, and listed with error and cause', async () => {
    const run = await workspace.cosmicai([
      ...[
        'run',
        '--data',
        'corrupt',
        '--world-size',
        '4',
        '--tolerate',
        '50',
        '--results',
        'tolerant',
        '--json',
        '--no-report',
      ],
    ]);

    expect(run.code).toBe(0);
    const { status, summary } = printedRun(run);
    expect(status).toBe('SUCCEEDED');
    expect(summary).toMatchObject({
      status: 'SUCCEEDED_WITH_FAILED_RANKS',
      samples: 45,
      ranks: { planned: 4, succeeded: 3, without_data: 0, failed: 1 },
    });
    expect(summary!.failed_ranks).toEqual([
      { rank: 2, data_path: ['3.pt'], error: 'PartitionError', cause: expect.stringMatching(/rank 2.*3\.pt/i) },
    ]);
    expect(workspace.summary('tolerant', 'summary.json')).toEqual(summary);
    expect(workspace.combined('tolerant', 'combined_data.json').map(({ rank }) => rank)).toEqual([0, 1, 3]);
    expect(workspace.exists('tolerant', '2.json')).toBe(false);
  });
});

describe('an object that is not there', () => {
  const LOST = { Type: 'Fail', Error: 'NotFoundError', Cause: 'No object "run.json".' };
  const PLAN = {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Parameters: { FunctionName: 'init', 'Payload.$': '$' },
    OutputPath: '$.Payload',
    Next: 'Lost',
  };

  it.each([
    ['before the run was planned is wrong use', 'lost-input', { StartAt: 'Lost', States: { Lost: LOST } }, 2],
    ['after that is a run to go on with', 'lost-later', { StartAt: 'Plan', States: { Plan: PLAN, Lost: LOST } }, 1],
  ])('%s', async (_, results, definition, code) => {
    writeFileSync(workspace.path(`${results}.json`), JSON.stringify(definition));
    writeFileSync(workspace.path('functions.yml'), 'init: init');
    const run = await workspace.cosmicai([
      ...['run', '--data', 'parts', '--world-size', '2', '--results', results, '--no-report'],
      ...['--definition', `${results}.json`, '--functions', 'functions.yml'],
    ]);

    expect(run.stderr).toMatch(code === 2 ? /^Error: /m : /The run failed: NotFoundError/);
    expect(run.code).toBe(code);
    expect(run.stderr.includes('go on with: cosmicai run --resume')).toBe(code === 1);
  });
});
