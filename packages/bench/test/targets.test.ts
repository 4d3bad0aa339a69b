import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  localTarget,
  stageTarget,
  type RunToMake,
  type Simulate,
  type SweepExecution,
  type SweepRun,
} from '../src/index.ts';

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

describe('this machine as a target', () => {
  function target(data: string | undefined) {
    const made: (RunToMake & { warm: boolean })[] = [];
    const close = { times: 0 };
    const local = localTarget(
      folder,
      { ...(data !== undefined && { data }), count: 100, seed: 7 },
      {
        memory: 2048,
        simulate,
        execute: (each, warm) => {
          made.push({ ...each, warm });
          return Promise.resolve(ENDED);
        },
        close: () => {
          close.times++;
          return Promise.resolve();
        },
      },
    );
    return { local, made, close };
  }

  it('runs the first of each combination cold and its repeats warm, and puts its processes away', async () => {
    const { local, made, close } = target('parts/');
    await local.run(run());
    await local.run(run({ data_size: 'small', partition_size: '5MB', repeat: 2 }));
    await local[Symbol.asyncDispose]();

    const common = { results: join(folder, 'results'), worldSize: 2, batchSize: 8 };
    expect(made).toEqual([
      { ...common, data: 'parts', warm: false },
      { ...common, data: 'parts/small/5MB', warm: true },
    ]);
    expect(close.times).toBe(1);
    expect(local.configuration).toMatchObject({ target: 'local', memory_mb: 2048 });
    expect(simulated).toEqual([]);
  });

  it('simulates a survey for each size once, whole or not at all', async () => {
    const { local, made } = target(undefined);
    for (const data_size of ['small', null, 'large', 'small']) await local.run(run({ data_size }));

    expect(simulated).toEqual(['25 7 2MB', '100 7 2MB', '400 7 2MB']);
    expect(made[0]!.data).toBe(join(folder, 'data', 'simulated-25-2MB-seed7'));
    expect(existsSync(made[0]!.data)).toBe(true);
    expect(existsSync(`${made[0]!.data}.partial`)).toBe(false);
    await expect(local.run(run({ data_size: 'huge' }))).rejects.toThrow(
      '"huge" is not a simulated data set: use small',
    );
  });
});

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
