import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunToMake, Simulate, SweepExecution, SweepRun } from '@cosmicai/bench';
import { stageTarget } from '../src/engine/stage-target.ts';

const ENDED: SweepExecution = { status: 'SUCCEEDED', error: undefined, cause: undefined, figures: undefined };
const run = (changes: Partial<SweepRun> = {}): SweepRun => ({
  world_size: 2,
  batch_size: 8,
  data_size: null,
  partition_size: null,
  repeat: 1,
  ...changes,
});

let folder: string;
let simulated: string[];
const simulate: Simulate = async ({ count, seed, partitionSize, out }) => {
  simulated.push(`${count} ${seed} ${partitionSize}`);
  await mkdir(out, { recursive: true });
};
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-targets-'));
  simulated = [];
});
afterEach(() => rm(folder, { recursive: true }));

describe('a stage as a target', () => {
  const STAGE = {
    name: 'dev',
    region: 'eu-west-1',
    bucket: 'galaxies',
    prefixes: { data: 'datasets', results: 'results' },
    memory: 3008,
    architecture: 'arm64',
    childType: 'EXPRESS',
  } as const;

  function target(data: string | undefined) {
    const made: RunToMake[] = [];
    const uploads: string[] = [];
    const stage = stageTarget(
      folder,
      { ...(data !== undefined && { data }), count: 100, seed: 7 },
      {
        stage: STAGE,
        cwd: '/home/user',
        simulate,
        upload: (from, prefix) => {
          uploads.push(`${from} -> ${prefix}`);
          return Promise.resolve();
        },
        execute: (each) => {
          made.push(each);
          return Promise.resolve(ENDED);
        },
      },
    );
    return { stage, made, uploads };
  }

  it('brings a folder of this machine into its bucket once', async () => {
    const { stage, made, uploads } = target('surveys/parts');
    await stage.run(run({ partition_size: '5MB' }));
    await stage.run(run({ partition_size: '5MB', world_size: 4 }));

    expect(uploads).toEqual(['/home/user/surveys/parts/5MB -> datasets/parts/5MB']);
    const common = { data: 's3://galaxies/datasets/parts/5MB', results: 'results/bench', batchSize: 8 };
    expect(made).toEqual([
      { ...common, worldSize: 2 },
      { ...common, worldSize: 4 },
    ]);
    expect(stage.configuration).toEqual({
      target: 'aws',
      stage: 'dev',
      region: 'eu-west-1',
      memory_mb: 3008,
      architecture: 'arm64',
      map_execution_type: 'EXPRESS',
    });
  });

  it('uploads again what did not arrive', async () => {
    let tries = 0;
    const failing = stageTarget(
      folder,
      { data: 'parts', count: 1, seed: 1 },
      {
        stage: STAGE,
        cwd: '/',
        simulate,
        execute: () => Promise.resolve(ENDED),
        upload: () => (tries++ === 0 ? Promise.reject(new Error('cut off')) : Promise.resolve()),
      },
    );
    await expect(failing.run(run())).rejects.toThrow('cut off');
    await failing.run(run());
    await failing.run(run());
    expect(tries).toBe(2);
  });

  it('reads what lies in a store where it lies, and data sets of the stage below its own prefix', async () => {
    const elsewhere = target('s3://others/sky/');
    await elsewhere.stage.run(run({ data_size: 'small' }));
    const own = target(undefined);
    await own.stage.run(run({ data_size: 'small', partition_size: '5MB' }));

    expect(elsewhere.made[0]!.data).toBe('s3://others/sky/small');
    expect(own.made[0]!.data).toBe('s3://galaxies/datasets/small/5MB');
    expect([...elsewhere.uploads, ...own.uploads, ...simulated]).toEqual([]);
  });

  it('without data simulates a survey and uploads it', async () => {
    const { stage, made, uploads } = target(undefined);
    await stage.run(run());

    expect(simulated).toEqual(['100 7 2MB']);
    expect(uploads).toEqual([
      `${join(folder, 'data', 'simulated-100-2MB-seed7')} -> datasets/bench/simulated-100-2MB-seed7`,
    ]);
    expect(made[0]!.data).toBe('s3://galaxies/datasets/bench/simulated-100-2MB-seed7');
  });
});
