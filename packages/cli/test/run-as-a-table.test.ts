/* The command line of `cosmicai catalogue`; what tables hold is tested beside packages/catalogue. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore } from '@cosmicai/store';
import { rankOf } from '../../../test/made-ranks.ts';
import { makeRun, RUN_ID } from '../../../test/made-run.ts';
import { cosmicaiIn } from './support/in-process.ts';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cosmicai-table-'));
  mkdirSync(join(folder, 'empty'));
  const galaxy = (z: number) => ({ z, truth: z, id: `a${z}` });
  const whole = [rankOf(['1.pt', [galaxy(1), galaxy(2)]]), rankOf(['2.pt', [galaxy(3)]])];
  await makeRun(fileStore(folder), whole);
  await makeRun(
    fileStore(folder),
    [...whole, { partitions: [{ key: '3.pt', samples: 1 }], predictions: undefined }],
    '20260304T050608Z-0000aaaa',
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const catalogue = (...args: string[]) => cosmicaiIn(folder, ['catalogue', ...args]);
const CSV = 'id,z_pred,z_spec,mag_u,mag_g,mag_r,mag_i,mag_z,flags\na1,1,1,17,17.125,17.25,17.375,17.5,0\n';

it('writes a run that is named by folder or id, to a file or to standard output', async () => {
  const written = await catalogue(RUN_ID, '-o', 'made.csv');
  const printed = await catalogue(`results/runs/${RUN_ID}`, '-o', '-', '--format', 'csv');

  expect(written).toMatchObject({ code: 0, stderr: 'Writing 66 %\nWriting 100 %\n' });
  expect(written.stdout).toBe(`3 galaxies of run ${RUN_ID} written to ${join(folder, 'made.csv')} (csv)\n`);
  expect(readFileSync(join(folder, 'made.csv'), 'utf8')).toContain(CSV);
  expect(printed.stdout).toBe(readFileSync(join(folder, 'made.csv'), 'utf8'));
  expect(printed.stderr).toContain('written to standard output');
});

it('names the ranks that failed, leaves nothing, and goes without them when told', async () => {
  const failed = 'results/runs/20260304T050608Z-0000aaaa';
  const refused = await catalogue(failed, '-o', 'partial.parquet');
  const taken = await catalogue(failed, '-o', 'partial.parquet', '--partial', '--json');

  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toContain('rank 2: it left no result');
  expect(taken).toMatchObject({ code: 0 });
  expect(taken.stderr).toContain('--partial: 1 of 3 ranks have no predictions and are left out: 2.');
  expect(JSON.parse(taken.stdout)).toMatchObject({ rows: 3, format: 2, table: 'parquet' });
  expect(readdirSync(folder).sort()).toEqual(['empty', 'made.csv', 'partial.parquet', 'results']);
});

it('says what is wrong with where it is to go', async () => {
  await expect(catalogue(RUN_ID, '-o', '-')).resolves.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Say which format goes to standard output: --format votable') as unknown,
  });
  await expect(catalogue(RUN_ID, '-o', '-', '--format', 'parquet')).resolves.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('is not text') as unknown,
  });
  await expect(catalogue(RUN_ID, '-o', 'no/such/a.csv')).resolves.toMatchObject({ code: 2 });
  await expect(catalogue(RUN_ID, '-o', 'empty', '--format', 'csv')).resolves.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('it is a folder') as unknown,
  });
  await expect(catalogue(RUN_ID, '-o', '-', '--format', 'csv', '--json')).resolves.toMatchObject({ code: 2 });
});
