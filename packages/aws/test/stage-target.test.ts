import { join } from 'node:path';
import type { RunToMake } from '@cosmicai/bench';
import { ENDED, SweepFolder, sweepRun } from '../../../test/sweeps.ts';
import { stageTarget } from '../src/engine/stage-target.ts';

const folder = new SweepFolder();
const { simulate } = folder;

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
      folder.path,
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
    await stage.run(sweepRun({ partition_size: '5MB' }));
    await stage.run(sweepRun({ partition_size: '5MB', world_size: 4 }));

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
      folder.path,
      { data: 'parts', count: 1, seed: 1 },
      {
        stage: STAGE,
        cwd: '/',
        simulate,
        execute: () => Promise.resolve(ENDED),
        upload: () => (tries++ === 0 ? Promise.reject(new Error('cut off')) : Promise.resolve()),
      },
    );
    await expect(failing.run(sweepRun())).rejects.toThrow('cut off');
    await failing.run(sweepRun());
    await failing.run(sweepRun());
    expect(tries).toBe(2);
  });

  it('reads what lies in a store where it lies, and data sets of the stage below its own prefix', async () => {
    const elsewhere = target('s3://others/sky/');
    await elsewhere.stage.run(sweepRun({ data_size: 'small' }));
    const own = target(undefined);
    await own.stage.run(sweepRun({ data_size: 'small', partition_size: '5MB' }));

    expect(elsewhere.made[0]!.data).toBe('s3://others/sky/small');
    expect(own.made[0]!.data).toBe('s3://galaxies/datasets/small/5MB');
    expect([...elsewhere.uploads, ...own.uploads, ...folder.simulated]).toEqual([]);
  });

  it('without data simulates a survey and uploads it', async () => {
    const { stage, made, uploads } = target(undefined);
    await stage.run(sweepRun());

    expect(folder.simulated).toEqual(['100 7 2MB']);
    expect(uploads).toEqual([
      `${join(folder.path, 'data', 'simulated-100-2MB-seed7')} -> datasets/bench/simulated-100-2MB-seed7`,
    ]);
    expect(made[0]!.data).toBe('s3://galaxies/datasets/bench/simulated-100-2MB-seed7');
  });
});
