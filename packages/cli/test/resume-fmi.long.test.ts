import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { fmiReportSchema, parseJsonAs, type RankAnswer } from '@cosmicai/payload';
import { eventOf, eventsIn, ofType } from './support/events.ts';
import { printedRun, Workspace } from './support/workspace.ts';

let workspace: Workspace;
beforeAll(async () => {
  workspace = new Workspace();
  // All others wait for rank 2, which must still be at work when they have ended and a signal has come.
  await workspace.surveyWithLongRank('parts', 1500);
});
afterAll(() => workspace.remove());

const SAMPLES = 1545;

/** Starts a run whose ranks are to meet, and stops it while rank 2 is at work and as many others as given have finished. */
async function interrupted(data: string, results: string, finished: number): Promise<string> {
  const run = workspace.start([
    ...['run', '--data', data, '--world-size', '5', '--batch-size', '8', '--tolerate', '20', '--fmi'],
    ...['--results', results, '--json', '--no-report'],
  ]);
  const { directory } = await eventOf(
    workspace.path(results),
    run.ended,
    ofType('FunctionStarted', { in: 'Infer[2]' }),
  );
  const isFinished = ofType('ChildSucceeded');
  await eventOf(
    workspace.path(results),
    run.ended,
    (event): event is typeof event => isFinished(event) && eventsIn(directory).filter(isFinished).length >= finished,
  );
  process.kill(-run.process.pid!, 'SIGINT');
  expect((await run.ended).code).toBe(130);
  return directory;
}

/** What the ranks that met, or didn't, have answered. */
const outcomesOf = (directory: string) =>
  eventsIn(directory)
    .filter(ofType('ChildSucceeded'))
    .flatMap(({ output }) => (output as unknown as RankAnswer).fmi ?? []);

const meetingOf = (results: string, runId: string) =>
  parseJsonAs(fmiReportSchema, workspace.text(results, 'runs', runId, 'fmi.json'), 'fmi.json');

describe('run --resume of ranks that meet over FMI', () => {
  it('lets all of them meet through a server of its own', async () => {
    // Rank 4 has no data and so nothing to wait for.
    const directory = await interrupted('parts', 'whole', 1);

    const resumed = await workspace.cosmicai(['run', '--resume', directory, '--json', '--no-report']);

    expect(resumed.code).toBe(0);
    const met = expect.objectContaining({ status: 'met' }) as unknown;
    expect(outcomesOf(directory)).toEqual([met, met, met, met]);
    const summary = printedRun(resumed).summary!;
    expect(summary).toMatchObject({ status: 'SUCCEEDED', samples: SAMPLES, warnings: [] });
    const meeting = meetingOf('whole', summary.run_id);
    expect(meeting).toMatchObject({ world_size: 4, links: { relay: 0, encrypted: 0 } });
    expect(meeting.ranks.map(({ rank }) => rank)).toEqual([0, 1, 2, 3]);
    expect(meeting.links.direct).toBeGreaterThanOrEqual(3);
    expect(meeting.prediction_scores.count).toBe(SAMPLES);
    expect(meeting.prediction_scores.mae).toBeCloseTo(summary.prediction_scores.mae!, 12);
    expect(workspace.exists('whole', 'runs', summary.run_id, 'rendezvous-key')).toBe(false);
  });

  it('lets those meet that are left when others have finished, and says so', async () => {
    cpSync(workspace.path('parts'), workspace.path('corrupt'), { recursive: true });
    const file = workspace.path('corrupt', '2.pt');
    const whole = readFileSync(file);
    writeFileSync(file, whole.subarray(0, 200_000));
    // Rank 1 fails for good, so that ranks 0 and 3 finish without a meeting; rank 2 is still at work.
    const directory = await interrupted('corrupt', 'rest', 3);
    writeFileSync(file, whole);
    const again = ['run', '--resume', directory, '--json', '--no-report'];
    const refused = await workspace.cosmicai(again);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /have changed since it began:\n {2}2\.pt has \d+ bytes, planned were 200000\n(.*\n)+.* --accept-changed\n/,
    );

    const resumed = await workspace.cosmicai([...again, '--accept-changed']);

    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toContain('The ranks that are left meet without those that had finished: 0, 3.');
    const summary = printedRun(resumed).summary!;
    expect(summary).toMatchObject({ status: 'SUCCEEDED', samples: SAMPLES, ranks: { succeeded: 4, failed: 0 } });
    expect(summary.warnings).toEqual([
      expect.stringMatching(/^Inputs changed while the run was under way, and were taken so: 2\.pt has/),
      expect.stringMatching(/^Ranks 0, 3 did not meet the others over FMI/),
    ]);
    const meeting = meetingOf('rest', summary.run_id);
    expect(meeting.ranks.map(({ rank, links }) => [rank, links.map(({ to }) => to)])).toEqual([
      [1, [2]],
      [2, [1]],
    ]);
    expect(meeting.prediction_scores.count).toBe(1515);
  });

  it('goes without a meeting where the ranks that are left can’t all run at once', async () => {
    const directory = await interrupted('parts', 'narrow', 1);

    const resumed = await workspace.cosmicai([
      'run',
      '--resume',
      directory,
      '--concurrency',
      '2',
      '--json',
      '--no-report',
    ]);

    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toContain('The 4 ranks that are left of 4 don’t meet');
    const summary = printedRun(resumed).summary!;
    expect(summary).toMatchObject({ status: 'SUCCEEDED', samples: SAMPLES });
    expect(summary.warnings).toEqual([expect.stringContaining('The ranks did not meet over FMI')]);
    expect(workspace.exists('narrow', 'runs', summary.run_id, 'fmi.json')).toBe(false);
  });
});
