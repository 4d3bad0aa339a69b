import { FORMAT } from '@cosmicai/payload';
import type { Ended } from '../support/cosmicai.ts';
import { openStore } from '@cosmicai/store';
import { whyNoMoto } from '../../../../test/moto-server.ts';
import { printedJson, printedRun, Workspace } from '../support/workspace.ts';
import { startMotoStage, STAGE, type MotoStage } from './moto-stage.ts';

const reason = whyNoMoto();
if (reason !== undefined) console.warn(`Operating a stage is not tested: ${reason}`);

const AT = ['--target', 'aws', '--stage', STAGE];
const COUNT = 24;

/** The execution's name, as the command told it on stderr. */
function executionOf({ stderr }: Ended): string {
  return /Execution arn:\S+:(\S+)/.exec(stderr)![1]!;
}

(reason === undefined ? describe : describe.skip)('a stage on moto, an imitation of AWS', () => {
  let workspace: Workspace;
  let stage: MotoStage;
  const options = () => ({ environment: { ...stage.environment } });
  const cosmicai = (...args: string[]) => workspace.cosmicai(args, options());

  beforeAll(async () => {
    workspace = new Workspace();
    await workspace.survey('parts', { count: COUNT, files: 3 });
    stage = await startMotoStage({ modelPath: workspace.modelPath });
  }, 240_000);
  afterAll(async () => {
    await stage.stop();
    workspace.remove();
  });

  it('runs a folder and a payload in the bucket: uploads what is missing, follows, and reports; moto tells of no single rank of a Map', async () => {
    const payload = `s3://${stage.bucket}/configs/payload.json`;
    Object.assign(process.env, stage.environment);
    await openStore(`s3://${stage.bucket}`).put('configs/payload.json', '{"result_path": "results/first"}');
    const first = ['run', ...AT, payload, '--data', 'parts', '--model', 'fast.onnx', '-n', '3', '--json'];
    // What a user has set for runs on this machine doesn't lead a stage's run astray.
    const environment = { ...stage.environment, COSMICAI_STORE: 'file:///nowhere' };
    const end = await workspace.cosmicai(first, { environment });
    expect(end).toMatchObject({ code: 0 });
    expect(end.stderr).toContain('Partitions: 3 uploaded, 0 there already\nModel: models/fast.onnx uploaded\n');
    expect(end.stderr).toMatch(
      /\nInitialize\n(Initialize, .*\n)*Infer\n(Infer, .*\n)*Infer, \d+ s: .* of 3 ranks.*\n(Infer, .*\n)*Summarize\n/,
    );
    expect(end.stderr).toContain('Step Functions left no results of Infer');

    const { summary, ranks, directory } = printedRun(end);
    expect(summary).toMatchObject({ status: 'SUCCEEDED', samples: COUNT, result_path: 'results/first' });
    expect(ranks.map(({ rank, samples }) => [rank, samples])).toEqual([
      [0, 8],
      [1, 8],
      [2, 8],
    ]);
    // Of Initialize and Summarize; the Map's children have no history here.
    expect(workspace.text(directory.slice(workspace.folder.length), 'reports.log').match(/^REPORT /gm)).toHaveLength(2);

    const again = await cosmicai('report', `${summary!.bucket.replace(/^(?!s3:)/, 's3://')}/results/first`, '--json');
    expect(again.code).toBe(0);
    const report = printedJson(again) as {
      machine: { states: { name: string; status: string }[] };
      warnings: string[];
      reconciliation: { what: string }[];
    };
    expect(report.machine.states).toContainEqual(expect.objectContaining({ name: 'Summarize', status: 'succeeded' }));
    expect(report.warnings).toContainEqual(expect.stringContaining('left no results of Infer'));

    // The quote was made before the start, of what was to be run, and nobody had to name it afterwards.
    expect(end.stderr).toMatch(/\nQuoted: .+ USD\nExecution arn:/);
    expect(JSON.parse(workspace.text(directory.slice(workspace.folder.length), 'quote.json'))).toMatchObject({
      ranks: 3,
      lambdaRequests: 5,
      memory: { configuredMb: 3008 },
    });
    expect(report.reconciliation).toContainEqual(
      expect.objectContaining({ what: 'samples', quoted: COUNT, actual: COUNT, withinRange: true }),
    );
  }, 240_000);

  it('runs the ranks of the newest failed execution again, into the same run, and cleans that up', async () => {
    await stage.renew();
    stage.failingRanks.add(1);
    const failed = await cosmicai('run', ...AT, '--data', 'parts', '--model', 'fast.onnx', '-n', '3', '--json');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('Partitions: 0 uploaded, 3 there already\nModel: models/fast.onnx there already\n');
    expect(failed.stderr).toContain('1 of 3 ranks failed.');
    const before = printedRun(failed).summary!;
    expect(before.failed_ranks.map(({ rank }) => rank)).toEqual([1]);

    stage.failingRanks.clear();
    const repaired = await cosmicai('run', ...AT, '--only-failed', '--json');
    expect(repaired.stderr).toContain(`Running the failed ranks of run ${before.run_id} again`);
    expect(repaired.code).toBe(0);
    const { summary, directory } = printedRun(repaired);
    expect(summary).toMatchObject({ run_id: before.run_id, status: 'SUCCEEDED', samples: COUNT, failed_ranks: [] });
    const reports = workspace.text(directory.slice(workspace.folder.length), 'reports.log');
    expect(reports.match(/^REPORT /gm)).toHaveLength(2);

    // On S3 too a run can be checked, and says what a changed byte is in.
    const results = `s3://${stage.bucket}/results`;
    const whole = await cosmicai('verify', results, '--json');
    expect(whole.code).toBe(0);
    expect(printedJson(whole)).toMatchObject({
      run_id: before.run_id,
      statement: `${COUNT} of ${COUNT} galaxies, each once; 1 model; 6 of 6 files unchanged`,
      findings: [],
      notes: [],
    });
    Object.assign(process.env, stage.environment);
    const store = openStore(`s3://${stage.bucket}`);
    const key = `results/runs/${before.run_id}/predictions/2.parquet`;
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
  }, 240_000);

  it('calls just the ranks that failed, of a run that tolerated them, until none is left', async () => {
    await stage.renew();
    for (const rank of [1, 2]) stage.failingRanks.add(rank);
    const asked = ['run', ...AT, '--data', 'parts', '--model', 'fast.onnx', '-n', '3', '--tolerate', '90', '--json'];
    const failed = await cosmicai(...asked);
    const before = printedRun(failed).summary!;
    expect(before.status).toBe('SUCCEEDED_WITH_FAILED_RANKS');
    expect(before.failed_ranks.map(({ rank }) => rank)).toEqual([1, 2]);

    // It fails again for one of them, and is summarized again all the same.
    stage.failingRanks.delete(1);
    let called = stage.calls.length;
    const half = await cosmicai('run', ...AT, '--only-failed', executionOf(failed), '--json');
    expect(stage.calls.slice(called).sort()).toEqual(['infer 1', 'infer 2', 'summarize']);
    expect(printedRun(half).summary).toMatchObject({ run_id: before.run_id, ranks: { succeeded: 2, failed: 1 } });

    stage.failingRanks.clear();
    called = stage.calls.length;
    const repaired = await cosmicai('run', ...AT, '--only-failed', executionOf(failed), '--json');
    expect(repaired.stderr).toContain(`Running the failed ranks of run ${before.run_id} again`);
    expect(repaired.code).toBe(0);
    expect(stage.calls.slice(called)).toEqual(['infer 2', 'summarize']);
    const { summary, ranks, directory } = printedRun(repaired);
    expect(summary).toMatchObject({
      run_id: before.run_id,
      status: 'SUCCEEDED',
      samples: COUNT,
      failed_ranks: [],
      ranks: { planned: 3, succeeded: 3, failed: 0 },
    });
    expect(ranks.map(({ rank, samples }) => [rank, samples])).toEqual([
      [0, 8],
      [1, 8],
      [2, 8],
    ]);
    const reports = workspace.text(directory.slice(workspace.folder.length), 'reports.log');
    expect(reports.match(/^REPORT /gm)).toHaveLength(2);
  }, 240_000);

  it('stops an execution, lists executions and prints their log; moto knows no redrive', async () => {
    await stage.renew();
    const held = stage.hold();
    const run = workspace.start(['run', ...AT, '--data', 'parts', '-m', 'fast.onnx', '-n', '1', '--json'], options());
    await Promise.race([held.reached, run.ended.then(({ stderr }) => Promise.reject(new Error(stderr)))]);
    const stopped = await cosmicai('stop', '--stage', STAGE, '--json');
    held.release();
    const end = await run.ended;
    const name = executionOf(end);
    expect(printedJson(stopped)).toEqual({ execution: name, status: 'ABORTED', format: FORMAT });
    expect(end.code).toBe(130);
    expect(end.stderr).toContain(`Go on with: cosmicai run ${AT.join(' ')} --only-failed ${name}`);

    const [list, one, log, redriven, unknown] = await Promise.all([
      cosmicai('status', ...AT, '--json'),
      cosmicai('status', ...AT, name),
      cosmicai('logs', '--stage', STAGE, name, '--function', 'init', '--json'),
      cosmicai('run', ...AT, '--only-failed', name),
      cosmicai('status', ...AT, 'never'),
    ]);
    expect(printedJson(list)).toContainEqual(expect.objectContaining({ execution: name, status: 'ABORTED' }));
    expect(one.stdout).toMatch(/^States +Initialize → FmiEnabled → Infer$/m);
    expect(printedJson(log)).toContainEqual(
      expect.objectContaining({ function: `cosmicai-init-${STAGE}-init`, message: expect.stringMatching(/^REPORT /) }),
    );
    expect(redriven.code).toBe(1);
    expect(redriven.stderr).toContain('AWS did not redrive the execution');
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no execution never') });
  }, 240_000);

  it('says what to do when a stage is not deployed or its file is wrong', async () => {
    const [none, wrong] = await Promise.all([
      cosmicai('run', '--target', 'aws', '--stage', 'other', '--data', 'parts'),
      cosmicai('status', '--target', 'aws', '--stage', 'Not_A_Stage'),
    ]);
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(none.stderr).toContain(
      'There is no stage other in us-east-1 in this account. Deploy it with: cosmicai deploy other',
    );
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('2 to 16 lower-case letters');
  });
});
