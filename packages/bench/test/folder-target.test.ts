import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ENDED, SweepFolder, sweepRun } from '../../../test/sweeps.ts';
import { folderTarget, type RunToMake } from '../src/index.ts';

const folder = new SweepFolder();
const { simulate } = folder;

describe('folders of this machine as a target', () => {
  function target(data: string | undefined) {
    const made: (RunToMake & { repeats: boolean })[] = [];
    const close = { times: 0 };
    const local = folderTarget(
      folder.path,
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
    await local.run(sweepRun());
    await local.run(sweepRun({ data_size: 'small', partition_size: '5MB', repeat: 2 }));
    await local[Symbol.asyncDispose]();

    const common = { results: join(folder.path, 'results'), worldSize: 2, batchSize: 8 };
    expect(made).toEqual([
      { ...common, data: 'parts', repeats: false },
      { ...common, data: 'parts/small/5MB', repeats: true },
    ]);
    expect(close.times).toBe(1);
    expect(local.configuration).toMatchObject({ target: 'local', memory_mb: 2048 });
    expect(folder.simulated).toEqual([]);
  });

  it('simulates a survey for each size once, whole or not at all', async () => {
    const { local, made } = target(undefined);
    for (const data_size of ['small', null, 'large', 'small']) await local.run(sweepRun({ data_size }));

    expect(folder.simulated).toEqual(['25 7 2MB', '100 7 2MB', '400 7 2MB']);
    expect(made[0]!.data).toBe(join(folder.path, 'data', 'simulated-25-2MB-seed7'));
    expect(existsSync(made[0]!.data)).toBe(true);
    expect(existsSync(`${made[0]!.data}.partial`)).toBe(false);
    await expect(local.run(sweepRun({ data_size: 'huge' }))).rejects.toThrow(
      '"huge" is not a simulated data set: use small',
    );
  });
});
