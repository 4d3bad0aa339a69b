import { benchReportSchema, type BenchRun } from '@cosmicai/bench';
import { parseJsonAs } from '@cosmicai/payload';
import { whyNoStandIn } from '@cosmicai/aws-standin';
import { openStore } from '@cosmicai/store';
import { printedJson } from '../support/workspace.ts';
import { STAGE, UserOfBareStage } from './bare-stage.ts';

const reason = whyNoStandIn();
if (reason !== undefined) console.warn(`Sweeping at a stage is not tested: ${reason}`);

const COUNT = 24;
const BENCH = ['bench', '--target', 'aws', '--stage', STAGE, '--model', 'fast.onnx', '--batch-sizes', '8'];

(reason === undefined ? describe : describe.skip)('a sweep at a stage on a stand-in for AWS', () => {
  const user = new UserOfBareStage({ count: COUNT, files: 3 });
  const { cosmicai } = user;
  const rows = (folder: string): readonly BenchRun[] =>
    parseJsonAs(benchReportSchema, user.workspace.text(folder, 'bench.json'), 'bench.json').runs;
  const row = (folder: string, world: number, repeat: number) =>
    rows(folder).find((each) => each.world_size === world && each.repeat === repeat)!;

  it('starts no run that may cost more than it is allowed, and uploads nothing for it', async () => {
    const args = ['run', '--target', 'aws', '--stage', STAGE, '--data', 'parts', '--model', 'fast.onnx'];
    const end = await cosmicai(...args, '--max-cost', '0.00001');
    expect(end).toMatchObject({ code: 2, stdout: '' });
    expect(end.stderr).toMatch(
      /^Error: This run is quoted at 0\.0\d+ USD \(95 %: up to 0\.0\d+\), more than --max-cost 0\.00001 allows/m,
    );
    expect(end.stderr).not.toContain('Uploading');
    const keys: string[] = [];
    for await (const { key } of openStore(`s3://${user.stage.bucket}`).list('')) keys.push(key);
    expect(keys).toEqual([]);
    expect(await newestStatus()).toBeUndefined();
  });

  it('records a cell that fails and goes on, later keeps what it has', async () => {
    user.stage.ranks.failing.add(1);
    const sweep = [...BENCH, '--data', 'parts', '--world-sizes', '1,2', '--out', 'sweep'];
    const first = await cosmicai(...sweep, '--repeat', '1');

    expect(first).toMatchObject({ code: 0 });
    expect(first.stderr).toMatch(/^[12]\/2 w1-b8-r1: SUCCEEDED in [\d.]+ s$/m);
    expect(row('sweep', 1, 1)).toMatchObject({ status: 'SUCCEEDED', samples: COUNT, error: null });
    const failed = row('sweep', 2, 1);
    // The failure of one ends the other, unless that was faster.
    const error = expect.stringMatching(/^rank 1 .*: PartitionError: /m) as string;
    expect(failed).toMatchObject({ status: 'FAILED', error });

    user.stage.ranks.failing.clear();
    const second = await cosmicai(...sweep, '--repeat', '2');

    expect(second).toMatchObject({ code: 0 });
    expect(second.stderr.match(/: kept, /g)).toHaveLength(2);
    expect(row('sweep', 2, 1)).toEqual(failed);
    const made = row('sweep', 2, 2);
    const address = `s3://${user.stage.bucket}/results/bench/runs/${made.run_id ?? ''}`;
    const report = printedJson(await cosmicai('report', address, '--json')) as {
      wallClockSeconds: number;
      ranks: { memoryMb: number }[];
      cost: { usd: number; items: { item: string; quantity: number }[] };
      reconciliation: { what: string; withinRange: boolean }[];
    };
    expect(made).toMatchObject({
      status: 'SUCCEEDED',
      samples: COUNT,
      duration_seconds: report.wallClockSeconds,
      throughput_rps: COUNT / report.wallClockSeconds,
      memory_mb: Math.max(...report.ranks.map(({ memoryMb }) => memoryMb)),
      cost_usd: report.cost.usd,
    });
    const ranks = report.cost.items.find(({ item }) => item === `cosmicai-inference-${STAGE}-inference requests`);
    expect(ranks).toMatchObject({ quantity: 2 });
    expect(report.reconciliation).toContainEqual(expect.objectContaining({ what: 'samples', withinRange: true }));
    expect(user.workspace.text('sweep', 'report.html')).toContain('<!doctype html>');
    const { configuration } = parseJsonAs(benchReportSchema, user.workspace.text('sweep', 'bench.json'), 'bench.json');
    expect(configuration).toMatchObject({ target: 'aws', stage: STAGE, region: 'us-east-1', memory_mb: 3008 });
  }, 240_000);

  /** How the stage's newest execution ended. */
  async function newestStatus(): Promise<string | undefined> {
    const listed = printedJson(await cosmicai('status', '--target', 'aws', '--stage', STAGE, '--json'));
    return (listed as { status: string }[])[0]?.status;
  }

  it('stopped by Ctrl-C stops the execution too, keeps nothing of it, and goes on later with data simulated and uploaded', async () => {
    const sweep = [...BENCH, '--world-sizes', '1', '--repeat', '1', '--count', '6', '--out', 'stopped'];
    const held = user.stage.ranks.hold();
    const run = user.start(...sweep);
    await Promise.race([held.reached, run.ended.then(({ stderr }) => Promise.reject(new Error(stderr)))]);
    process.kill(run.process.pid!, 'SIGINT');
    const end = await run.ended;
    held.release();

    expect(end.code).toBe(130);
    expect(await newestStatus()).toBe('ABORTED');
    expect(user.workspace.exists('stopped', 'bench.json')).toBe(false);

    const again = await cosmicai(...sweep);
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).not.toContain('kept');
    expect(row('stopped', 1, 1)).toMatchObject({ status: 'SUCCEEDED', samples: 6 });
  }, 240_000);

  it('refuses data sets that the stage does not have, and what only this machine can be told', async () => {
    const [none, wrong] = await Promise.all([
      cosmicai(...BENCH, '--world-sizes', '1', '--data-sizes', 'small', '--out', 'none'),
      cosmicai(...BENCH, '--memory', '512', '--out', 'none'),
    ]);
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(none.stderr).toContain('No partition files (*.pt) under "datasets/small/"');
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain('--memory is for --target local, not for --target aws');
  });
});
