import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderTarget, type RunToMake, type Simulate, type SweepExecution, type SweepRun } from '../src/index.ts';

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

describe('folders of this machine as a target', () => {
  function target(data: string | undefined) {
    const made: (RunToMake & { repeats: boolean })[] = [];
    const close = { times: 0 };
    const local = folderTarget(
      folder,
      { ...(data !== undefined && { data }), count: 100, seed: 7 },
      {
        configuration: { target: 'local', memory_mb: 2048 },
        simulate,
        execute: (each, repeats) => {
          made.push({ ...each, repeats });
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

  it('tells the first of each combination from its repeats, and puts away what it made ready', async () => {
    const { local, made, close } = target('parts/');
    await local.run(run());
    await local.run(run({ data_size: 'small', partition_size: '5MB', repeat: 2 }));
    await local[Symbol.asyncDispose]();

    const common = { results: join(folder, 'results'), worldSize: 2, batchSize: 8 };
    expect(made).toEqual([
      { ...common, data: 'parts', repeats: false },
      { ...common, data: 'parts/small/5MB', repeats: true },
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
