import { readFileSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { SFNClient, ListStateMachinesCommand } from '@aws-sdk/client-sfn';
import { startStandIn, whyNoStandIn, type StandIn } from '@cosmicai/aws-standin';
import { root } from '@cosmicai/deploy';
import { decodePredictions } from '@cosmicai/inference';
import { FORMAT, runLayout } from '@cosmicai/payload';
import { openStore, type ObjectStore } from '@cosmicai/store';
import { oneDeployment } from '../../../../test/one-deployment.ts';
import type { Ended } from '../support/cosmicai.ts';
import { printedJson, printedRun, Workspace } from '../support/workspace.ts';
import { SteeredRanks } from './steered-ranks.ts';

const reason = whyNoStandIn();
if (reason !== undefined) console.warn(`Operating a deployed stage is not tested: ${reason}`);

const STAGE = 'standin';
const AT = ['--target', 'aws', '--stage', STAGE];
const COUNT = 24;
const SHARES = [
  [0, 8],
  [1, 8],
  [2, 8],
];

/** The execution's name, as the command told it on stderr. */
function executionOf({ stderr }: Ended): string {
  return /Execution arn:\S+:(\S+)/.exec(stderr)![1]!;
}

/** Predictions with the names of partitions alone, which lie elsewhere on the stage. */
async function rowsOf(predictions: Uint8Array): Promise<object[]> {
  const rows = await decodePredictions(predictions);
  return rows.map((row) => ({ ...row, partition: basename(row.partition) }));
}

(reason === undefined ? describe : describe.skip)('a stage deployed into a stand-in for AWS, which executes it', () => {
  let workspace: Workspace;
  let aws: StandIn;
  let deployed: string;
  let store: ObjectStore;
  const ranks = new SteeredRanks();
  const cosmicai = (...args: string[]) => workspace.cosmicai(args, { environment: aws.env });
  const text = (directory: string, name: string) => workspace.text(directory.slice(workspace.folder.length), name);
  const reports = (directory: string) => text(directory, 'reports.log').match(/^REPORT .*$/gm) ?? [];

  beforeAll(async () => {
    workspace = new Workspace();
    await workspace.survey('parts', { count: COUNT, files: 3 });
    aws = await startStandIn({ intercept: ranks.intercept });
    Object.assign(process.env, aws.env);
    store = openStore(`s3://cosmicai-${STAGE}-${aws.account}-${aws.region}`);
    const options = { inference: { model: relative(root, workspace.modelPath) } };
    deployed = await aws.deploy(STAGE, options);
  }, 480_000);
  afterAll(async () => {
    await aws.close();
    workspace.remove();
  });

  it('runs by the command that its deployment printed, and predicts what the local engine predicts', async () => {
    const [, start = ''] = /^ {2}cosmicai (run .*)$/m.exec(deployed)!;
    const asked = ['--data', 'parts', '-n', '3', '-r', 'results/first', '--json'];
    // What a user has set for runs on this machine doesn't lead a stage's run astray.
    const environment = { ...aws.env, COSMICAI_STORE: 'file:///nowhere' };
    const end = await workspace.cosmicai([...start.split(' '), ...asked], { environment });
    expect(end).toMatchObject({ code: 0 });
    expect(end.stderr).toContain('Partitions: 3 uploaded, 0 there already\n');
    expect(end.stderr).toMatch(
      /\nInitialize\n(Initialize, .*\n)*Infer\n(Infer, .*\n)*Infer, \d+ s: .* of 3 ranks.*\n(Infer, .*\n)*Summarize\n/,
    );
    // Nothing is missing of what Step Functions and Lambda leave behind.
    expect(end.stderr).not.toContain('left no results');
    const { summary, ranks: reported, directory } = printedRun(end);
    expect(summary).toMatchObject({ status: 'SUCCEEDED', samples: COUNT, result_path: 'results/first' });
    expect(reported.map(({ rank, samples }) => [rank, samples])).toEqual(SHARES);
    expect(reports(directory)).toHaveLength(5);

    const local = await workspace.cosmicai(['run', '--data', 'parts', '-n', '3', '--json']);
    const here = printedRun(local).summary!;
    expect(here).toMatchObject({ status: 'SUCCEEDED', prediction_scores: summary!.prediction_scores });
    for (const [rank] of SHARES) {
      const there = await store.get(runLayout('results/first', summary!.run_id).rankPredictions(rank!));
      const file = readFileSync(workspace.path(runLayout('results', here.run_id).rankPredictions(rank!)));
      expect(await rowsOf(there)).toEqual(await rowsOf(file));
    }

    // The quote was made before the start, of what was to be run, and nobody had to name it afterwards.
    expect(end.stderr).toMatch(/\nQuoted: .+ USD\nExecution arn:/);
    expect(JSON.parse(text(directory, 'quote.json'))).toMatchObject({
      ranks: 3,
      lambdaRequests: 5,
      memory: { configuredMb: 3008 },
    });
    const report = printedJson(await cosmicai('report', `s3://${summary!.bucket}/results/first`, '--json'));
    expect(report).toMatchObject({ warnings: [] });
    expect((report as { reconciliation: unknown[] }).reconciliation).toContainEqual(
      expect.objectContaining({ what: 'samples', quoted: COUNT, actual: COUNT, withinRange: true }),
    );

    const name = executionOf(end);
    const [list, one, log] = await Promise.all([
      cosmicai('status', ...AT, '--json'),
      cosmicai('status', ...AT, name),
      cosmicai('logs', '--stage', STAGE, name, '--function', 'inference', '--json'),
    ]);
    expect(printedJson(list)).toEqual([expect.objectContaining({ execution: name, status: 'SUCCEEDED' })]);
    expect(one.stdout).toMatch(/^States +Initialize → FmiEnabled → Infer → Summarize → RunSucceeded → Done$/m);
    const lines = printedJson(log) as { message: string }[];
    expect(lines.filter(({ message }) => message.startsWith('REPORT '))).toHaveLength(3);
    expect(lines.filter(({ message }) => message.includes('"rank begins"'))).toHaveLength(3);
  }, 480_000);

  it('runs the rank that failed again, into the same run, and cleans that up', async () => {
    ranks.failing.add(1);
    // The failure of one ends all, so the others are let finish first.
    const { reached, release } = ranks.hold(1);
    const run = workspace.start(['run', ...AT, '--data', 'parts', '-n', '3', '--json'], { environment: aws.env });
    await Promise.race([reached, run.ended.then(({ stderr }) => Promise.reject(new Error(stderr)))]);
    await areDone(0, 2);
    release();
    const failed = await run.ended;
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('Partitions: 0 uploaded, 3 there already\n');
    expect(failed.stderr).toContain('1 of 3 ranks failed.');
    const before = printedRun(failed).summary!;
    expect(before.failed_ranks.map(({ rank }) => rank)).toEqual([1]);

    ranks.failing.clear();
    const called = ranks.calls.length;
    const repaired = await cosmicai('run', ...AT, '--only-failed', '--json');
    expect(repaired.stderr).toContain(`Running the failed ranks of run ${before.run_id} again`);
    expect(repaired.code).toBe(0);
    expect(ranks.calls.slice(called)).toContain('inference 1');
    expect(ranks.calls.slice(called).at(-1)).toBe('summarize');
    const { summary, directory } = printedRun(repaired);
    expect(summary).toMatchObject({ run_id: before.run_id, status: 'SUCCEEDED', samples: COUNT, failed_ranks: [] });
    expect(reports(directory)).toHaveLength(ranks.calls.length - called);

    // On S3 too a run can be checked, and says what a changed byte is in.
    const results = `s3://${summary!.bucket}/results`;
    const whole = await cosmicai('verify', results, '--json');
    expect(whole.code).toBe(0);
    expect(printedJson(whole)).toMatchObject({
      run_id: before.run_id,
      statement: `${COUNT} of ${COUNT} galaxies, each once; 1 model; 6 of 6 files unchanged`,
      findings: [],
      notes: [expect.stringMatching(/^The model was not compared/)],
    });
    const key = runLayout('results', before.run_id).rankPredictions(2);
    const bytes = await store.get(key);
    await store.put(key, Buffer.concat([bytes.subarray(0, -1), Buffer.of(bytes.at(-1)! ^ 1)]));
    const changed = await cosmicai('verify', `${results}/runs/${before.run_id}`, '--json');
    expect(changed.code).toBe(1);
    expect(printedJson(changed)).toMatchObject({ findings: [{ what: key, mend: 'resume' }] });

    const cleaned = await cosmicai('clean', ...AT, 'results', before.run_id, '--json');
    expect(cleaned.code).toBe(2);
    expect(cleaned.stderr).toContain('give --yes to delete without being asked');
    const gone = await cosmicai('clean', ...AT, 'results', before.run_id, '--yes', '--json');
    expect(printedJson(gone)).toMatchObject({ run_id: before.run_id, deleted: expect.any(Number) });
    const twice = await cosmicai('clean', ...AT, 'results', before.run_id, '--yes');
    expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining(`There is no run ${before.run_id}`) });
  }, 480_000);

  it('calls just the ranks that failed, of a run that tolerated them, until none is left', async () => {
    for (const rank of [1, 2]) ranks.failing.add(rank);
    const failed = await cosmicai('run', ...AT, '--data', 'parts', '-n', '3', '--tolerate', '90', '--json');
    const before = printedRun(failed).summary!;
    expect(before.status).toBe('SUCCEEDED_WITH_FAILED_RANKS');
    expect(before.failed_ranks.map(({ rank }) => rank)).toEqual([1, 2]);

    // It fails again for one of them, and is summarized again all the same.
    ranks.failing.delete(1);
    let called = ranks.calls.length;
    const half = await cosmicai('run', ...AT, '--only-failed', executionOf(failed), '--json');
    expect(ranks.calls.slice(called).sort()).toEqual(['inference 1', 'inference 2', 'summarize']);
    expect(printedRun(half).summary).toMatchObject({ run_id: before.run_id, ranks: { succeeded: 2, failed: 1 } });

    ranks.failing.clear();
    called = ranks.calls.length;
    const repaired = await cosmicai('run', ...AT, '--only-failed', executionOf(failed), '--json');
    expect(repaired.code).toBe(0);
    expect(ranks.calls.slice(called)).toEqual(['inference 2', 'summarize']);
    const { summary, ranks: reported, directory } = printedRun(repaired);
    expect(summary).toMatchObject({
      run_id: before.run_id,
      status: 'SUCCEEDED',
      samples: COUNT,
      failed_ranks: [],
      ranks: { planned: 3, succeeded: 3, failed: 0 },
    });
    expect(reported.map(({ rank, samples }) => [rank, samples])).toEqual(SHARES);
    expect(reports(directory)).toHaveLength(2);
  }, 480_000);

  it('stops an execution at once, and redrives it: just the ranks that had not succeeded are called again', async () => {
    const { reached, release } = ranks.hold(1, 2);
    const asked = ['run', ...AT, '--data', 'parts', '-n', '3', '--json'];
    const run = workspace.start(asked, { environment: aws.env });
    await Promise.race([reached, run.ended.then(({ stderr }) => Promise.reject(new Error(stderr)))]);
    await areDone(0);
    const stopped = await cosmicai('stop', '--stage', STAGE, '--json');
    const end = await run.ended;
    const name = executionOf(end);
    expect(printedJson(stopped)).toEqual({ execution: name, status: 'ABORTED', format: FORMAT });
    expect(end.code).toBe(130);
    expect(end.stderr).toContain(`Go on with: cosmicai run ${AT.join(' ')} --only-failed ${name}`);
    // What was under way when the execution stopped comes to nothing.
    for (const rank of [1, 2]) ranks.failing.add(rank);
    release();
    const one = await cosmicai('status', ...AT, name);
    ranks.failing.clear();
    expect(one.stdout).toMatch(/^States +Initialize → FmiEnabled → Infer$/m);
    const called = ranks.calls.length;
    const redriven = await cosmicai('run', ...AT, '--only-failed', name, '--json');
    expect(redriven.stderr).toContain('Redriving arn:');
    expect(redriven.code).toBe(0);
    expect(ranks.calls.slice(called).sort()).toEqual(['inference 1', 'inference 2', 'summarize']);
    const { summary, ranks: reported } = printedRun(redriven);
    expect(summary).toMatchObject({ status: 'SUCCEEDED', samples: COUNT, failed_ranks: [], ranks: { succeeded: 3 } });
    expect(reported.map(({ rank, samples }) => [rank, samples])).toEqual(SHARES);
  }, 480_000);

  /** Resolves when these ranks have left their results, in the only run that has no summary yet. */
  async function areDone(...done: number[]): Promise<void> {
    for (;;) {
      const runs = new Map<string, string[]>();
      for await (const { key } of store.list('results/runs/')) {
        const [, , run = '', file = ''] = key.split('/');
        runs.set(run, [...(runs.get(run) ?? []), file]);
      }
      const [files = []] = [...runs.values()].filter((names) => !names.includes('summary.json'));
      if (done.every((rank) => files.includes(`${rank}.json`))) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  it('says what to do when a stage is not deployed, its file is wrong or an execution does not exist', async () => {
    const [none, wrong, unknown] = await Promise.all([
      cosmicai('run', '--target', 'aws', '--stage', 'other', '--data', 'parts'),
      cosmicai('status', '--target', 'aws', '--stage', 'Not_A_Stage'),
      cosmicai('status', ...AT, 'never'),
    ]);
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(none.stderr).toContain(
      'There is no stage other in us-east-1 in this account. Deploy it with: cosmicai deploy other',
    );
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('2 to 16 lower-case letters');
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no execution never') });
  });

  it('is removed, state machine and all', async () => {
    const end = await oneDeployment(() => cosmicai('remove', STAGE, '--yes'));
    expect(end).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Removed stage standin and s3:/) as string });
    const { stateMachines } = await new SFNClient().send(new ListStateMachinesCommand());
    expect(stateMachines).toEqual([]);
  }, 480_000);
});
