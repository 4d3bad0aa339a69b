import { whyNoStandIn } from '@cosmicai/aws-standin';
import { runLayout } from '@cosmicai/payload';
import { openStore } from '@cosmicai/store';
import type { Ended } from '../support/cosmicai.ts';
import { printedJson, printedRun } from '../support/workspace.ts';
import { STAGE, UserOfBareStage } from './bare-stage.ts';

const reason = whyNoStandIn();
if (reason !== undefined) console.warn(`Failed ranks of a stage are not tested: ${reason}`);

const AT = ['--target', 'aws', '--stage', STAGE];
const COUNT = 24;

/** The execution's name, as the command told it on stderr. */
function executionOf({ stderr }: Ended): string {
  return /Execution arn:\S+:(\S+)/.exec(stderr)![1]!;
}

(reason === undefined ? describe : describe.skip)('ranks that failed on a stage, on a stand-in for AWS', () => {
  const user = new UserOfBareStage({ count: COUNT, files: 3 });
  const { cosmicai } = user;

  it('are called alone where the run tolerated them, until none is left; what is changed later is found', async () => {
    const { ranks } = user.stage;
    for (const rank of [1, 2]) ranks.failing.add(rank);
    const run = ['run', ...AT, '--data', 'parts', '-n', '3', '-m', 'fast.onnx', '--tolerate', '90', '--json'];
    const failed = await cosmicai(...run);
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
    const { summary, ranks: reported } = printedRun(repaired);
    expect(summary).toMatchObject({ run_id: before.run_id, status: 'SUCCEEDED', samples: COUNT, failed_ranks: [] });
    expect(reported.map(({ rank, samples }) => [rank, samples])).toEqual([0, 1, 2].map((rank) => [rank, 8]));

    const store = openStore(`s3://${user.stage.bucket}`);
    const key = runLayout('results', before.run_id).rankPredictions(2);
    const bytes = await store.get(key);
    await store.put(key, Buffer.concat([bytes.subarray(0, -1), Buffer.of(bytes.at(-1)! ^ 1)]));
    const changed = await cosmicai('verify', `s3://${user.stage.bucket}/results/runs/${before.run_id}`, '--json');
    expect(changed.code).toBe(1);
    expect(printedJson(changed)).toMatchObject({ findings: [{ what: key, mend: 'resume' }] });

    const cleaned = await cosmicai('clean', ...AT, 'results', before.run_id, '--json');
    expect(cleaned).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('give --yes to delete without being asked') as string,
    });
  }, 480_000);

  it('are nothing that could be asked of a stage that is not deployed, or an execution that does not exist', async () => {
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
    expect(unknown).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('There is no execution never') as string,
    });
  });
});
