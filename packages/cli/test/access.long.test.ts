import { copyFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fileStore } from '@cosmicai/store';
import { serveBucket, type BucketServer, type Readers } from './support/bucket-server.ts';
import { printedRun, Workspace } from './support/workspace.ts';

const CHECKPOINT = fileURLToPath(new URL('../../astromae/test/golden/cells-k1-g48.pt', import.meta.url));
/** A FITS image of five bands, 32 pixels each, that are all 0. */
const CUTOUT = Buffer.alloc(9 * 2880);
CUTOUT.write(
  ['SIMPLE  = T', 'BITPIX  = -32', 'NAXIS   = 3', 'NAXIS1  = 32', 'NAXIS2  = 32', 'NAXIS3  = 5', 'END']
    .map((card) => card.replace(/= (.*)/, (_, value: string) => `= ${value.padStart(20)}`).padEnd(80))
    .join('')
    .padEnd(2880),
);
const OPTIONS: Readonly<Record<Readers, string>> = { payers: '--request-payer', anybody: '--no-sign-request' };

let workspace: Workspace;
let runId: string;
beforeAll(async () => {
  workspace = new Workspace();
  await workspace.survey('bucket/parts', { count: 8, files: 2 });
  for (const name of ['7', '8']) await fileStore(workspace.path('bucket')).put(`cutouts/${name}.fits`, CUTOUT);
  const table = 'object,mag_u,mag_g,mag_r,mag_i,mag_z\n8,20,20,20,20,20\n7,19,19,19,19,19\n';
  await fileStore(workspace.path('bucket')).put('cutouts/table.csv', table);
  copyFileSync(CHECKPOINT, workspace.path('bucket/checkpoint.pt'));
  const end = await workspace.cosmicai(['run', '-d', 'bucket/parts', '-r', 'bucket/results', '-n', '1', '--json']);
  runId = printedRun(end).summary!.run_id;
}, 300_000);
afterAll(() => workspace.remove());

/** A command that reads s3://galaxies; `{run}` stands for the run there. */
const COMMANDS: readonly string[] = [
  'report s3://galaxies/results',
  'report s3://galaxies/results/runs/{run}',
  'report s3://galaxies/results/combined_data.json',
  'report s3://galaxies',
  'status s3://galaxies/results',
  'status s3://galaxies/results {run}',
  'doctor --store s3://galaxies/parts',
  'infer s3://galaxies/parts/1.pt',
  'split s3://galaxies/parts/1.pt --out split',
  'model import s3://galaxies/checkpoint.pt --out imported.onnx',
  'model profile fast.onnx --data s3://galaxies/parts/1.pt --out profiled.onnx',
  'model verify fast.onnx --against fast.onnx --data s3://galaxies/parts/1.pt',
  'quote --data s3://galaxies/parts --calibrate s3://galaxies/results',
  'run --data s3://galaxies/parts --results results -n 1',
  // With the table that lies beside them.
  'run --data s3://galaxies/cutouts --results cutouts-out --keep object -n 2',
  'bench --data s3://galaxies/parts --world-sizes 1 --batch-sizes 8 --repeat 1',
  'clean s3://galaxies/results {run} --yes',
];

/** Both options take one way through the commands: enough of them that all its branches are seen. */
const UNSIGNED = COMMANDS.filter((command) => /^(report|infer|quote|run --data \S+parts) /.test(command));

describe.each<[Readers, typeof COMMANDS]>([
  ['payers', COMMANDS],
  ['anybody', UNSIGNED],
])('a bucket of which %s may read', (readers, commands) => {
  let server: BucketServer;
  let bucket: string;
  beforeAll(async () => {
    // Of its own, as the last of the commands deletes.
    bucket = `bucket-${readers}`;
    const [from, to] = [fileStore(workspace.path('bucket')), fileStore(workspace.path(bucket))];
    for await (const { key } of from.list('')) await to.put(key, await from.get(key));
    server = await serveBucket(to, readers);
    Object.assign(process.env, server.environment, { AWS_MAX_ATTEMPTS: '1' });
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    server.answered.length = 0;
    server.refused.length = 0;
  });
  const cosmicai = async (command: string) => {
    const end = await workspace.inProcess(command.replace('{run}', runId).split(' '));
    return { ...end, answered: server.answered.length, refused: server.refused };
  };

  it('is not asked for images of galaxies that nobody is shown', async () => {
    const end = await cosmicai(`status s3://galaxies/results {run} ${OPTIONS[readers]}`);
    expect(end.code).toBe(0);
    expect(server.answered.length).toBeGreaterThan(0);
    expect(server.answered.filter((request) => request.includes('/parts/'))).toEqual([]);
  });

  it.each(commands)('is read by: cosmicai %s', async (command) => {
    const end = await cosmicai(`${command} ${OPTIONS[readers]}`);
    expect(end).toMatchObject({ code: 0, refused: [] });
    expect(end.answered).toBeGreaterThan(0);
  });

  it('is not read without being asked so', async () => {
    // In a process of its own, which knows nothing of the bucket before.
    const { environment } = server;
    const end = await workspace.cosmicai(['status', 's3://galaxies/results'], { environment });
    expect(end.code).not.toBe(0);
    expect(end.stderr).toContain('No permission to list');
  });
});

describe('status --target aws', () => {
  it('refuses to be told how buckets are asked, as it asks none', async () => {
    const end = await workspace.cosmicai(['status', '--target', 'aws', '--request-payer']);
    expect(end).toMatchObject({ code: 2, stdout: '' });
    expect(end.stderr).toContain('--target aws asks Step Functions');
  });
});
