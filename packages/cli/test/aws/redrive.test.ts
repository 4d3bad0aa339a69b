import { openStore, type ObjectStore } from '@cosmicai/store';
import { whyNoMoto } from '../../../../test/moto-server.ts';
import { printedJson, printedRun, Workspace } from '../support/workspace.ts';
import { startMotoStage, STAGE, type MotoStage } from './moto-stage.ts';
import { standInForRedrive, type RedriveStandIn } from './redrive-stand-in.ts';

const reason = whyNoMoto();
if (reason !== undefined) console.warn(`Going on with a stopped execution is not tested: ${reason}`);

const AT = ['--target', 'aws', '--stage', STAGE];
const COUNT = 24;

(reason === undefined ? describe : describe.skip)(
  'an execution that was stopped, on moto with a stand-in for redrives',
  () => {
    let workspace: Workspace;
    let stage: MotoStage;
    let redrives: RedriveStandIn;
    let store: ObjectStore;
    const cosmicai = (...args: string[]) => workspace.cosmicai(args, { environment: { ...redrives.environment } });

    beforeAll(async () => {
      workspace = new Workspace();
      await workspace.survey('parts', { count: COUNT, files: 3 });
      stage = await startMotoStage({ modelPath: workspace.modelPath });
      Object.assign(process.env, stage.environment);
      store = openStore(`s3://${stage.bucket}`);
      redrives = await standInForRedrive(stage, store, [1, 2]);
    }, 240_000);
    afterAll(async () => {
      await redrives.stop();
      await stage.stop();
      workspace.remove();
    });

    it('is redriven: just the ranks that had not succeeded are called again, and the run is whole', async () => {
      const held = stage.hold([1, 2]);
      const asked = ['run', ...AT, '--data', 'parts', '-m', 'fast.onnx', '-n', '3', '--json'];
      const run = workspace.start(asked, { environment: { ...redrives.environment } });
      await Promise.race([held.reached, run.ended.then(({ stderr }) => Promise.reject(new Error(stderr)))]);
      await firstRankIsDone();
      const stopped = await cosmicai('stop', '--stage', STAGE, '--json');
      // What was under way when the execution stopped comes to nothing.
      for (const rank of [1, 2]) stage.failingRanks.add(rank);
      held.release();
      expect((await run.ended).code).toBe(130);
      stage.failingRanks.clear();

      const { execution } = printedJson(stopped) as { execution: string };
      const called = stage.calls.length;
      const end = await cosmicai('run', ...AT, '--only-failed', execution, '--json');
      expect(end.stderr).toContain('Redriving arn:');
      expect(end.code).toBe(0);
      expect(stage.calls.slice(called)).toEqual(['infer 1', 'infer 2', 'summarize']);
      const { summary, ranks } = printedRun(end);
      expect(summary).toMatchObject({ status: 'SUCCEEDED', samples: COUNT, failed_ranks: [], ranks: { succeeded: 3 } });
      expect(ranks.map(({ rank, samples }) => [rank, samples])).toEqual([
        [0, 8],
        [1, 8],
        [2, 8],
      ]);
    }, 240_000);

    async function firstRankIsDone(): Promise<void> {
      for (;;) {
        for await (const { key } of store.list('results/runs/')) if (key.endsWith('/0.json')) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  },
);
