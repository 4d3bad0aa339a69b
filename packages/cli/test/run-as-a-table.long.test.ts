/* Catalogues of runs in S3, to S3, and to disks that are full; each step is a process. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore, openStore } from '@cosmicai/store';
import { rankOf } from '../../../test/made-ranks.ts';
import { makeRun, RUN_ID } from '../../../test/made-run.ts';
import { startMoto, whyNoMoto, type MotoServer } from '../../../test/moto-server.ts';
import { startCosmicai } from './support/cosmicai.ts';

const noMoto = whyNoMoto();
if (noMoto !== undefined) console.warn(`Catalogues in S3 are not tested: ${noMoto}`);
const withMoto = noMoto === undefined ? it : it.skip;

const galaxies = Array.from({ length: 5000 }, (_, at) => ({ z: at / 5000, truth: at % 2 === 0 ? at / 5000 : NaN }));
const RANKS = [rankOf(['1.pt', galaxies]), rankOf(['2.pt', galaxies])];

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cosmicai-table-'));
  await makeRun(fileStore(folder), RANKS);
});
afterAll(() => rmSync(folder, { recursive: true }));

const catalogue = (args: readonly string[], more: { environment?: Record<string, string>; fileBlocks?: number } = {}) =>
  startCosmicai(['catalogue', ...args], { cwd: folder, ...more }).ended;

describe('a run in S3', () => {
  let moto: MotoServer | undefined;
  const before = { ...process.env };
  const environment = () => ({
    ...{ AWS_ENDPOINT_URL: moto?.url ?? '', AWS_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true' },
    ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
  });
  beforeAll(async () => {
    if (noMoto !== undefined) return;
    moto = await startMoto();
    Object.assign(process.env, environment());
    await moto.createBucket('galaxies');
    await makeRun(openStore('s3://galaxies'), RANKS);
  }, 60_000);
  afterAll(async () => {
    process.env = before;
    await moto?.stop();
  });

  withMoto(
    'gives the bytes that it gives on this machine, here and in a bucket',
    async () => {
      const here = await catalogue(['results', '-o', 'here.parquet']);
      const run = `s3://galaxies/results/runs/${RUN_ID}`;
      const there = await catalogue([run, '-o', 's3://galaxies/tables/there.parquet'], { environment: environment() });
      const back = await catalogue([run, '-o', 'back.fits'], { environment: environment() });

      expect([here, there, back]).toMatchObject([{ code: 0 }, { code: 0 }, { code: 0 }]);
      const stored = await openStore('s3://galaxies').get('tables/there.parquet');
      expect(stored.equals(readFileSync(join(folder, 'here.parquet')))).toBe(true);
      expect(readFileSync(join(folder, 'back.fits')).length % 2880).toBe(0);
    },
    60_000,
  );
});

it('leaves nothing where the disk is full', async () => {
  // A file may have no more than 64 KiB here.
  const ended = await catalogue(['results', '-o', 'big.csv'], { fileBlocks: 128 });

  expect(ended).toMatchObject({ code: 1, stdout: '' });
  expect(ended.stderr).toMatch(/^Error: The catalogue can't be written to .*big\.csv: /m);
  expect(readdirSync(folder).filter((name) => name.startsWith('big'))).toEqual([]);
}, 60_000);
