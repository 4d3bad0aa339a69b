import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { whyNoStandIn } from '../src/index.ts';

const PATCH = join(import.meta.dirname, '../moto/executing_moto.py');

const reason = whyNoStandIn();
if (reason !== undefined) console.warn(`The changes to moto are not tested: ${reason}`);

(reason === undefined ? describe : describe.skip)('the changes to moto', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cosmicai-moto-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('are refused for another version of it, with a sentence that says what to install', async () => {
    await mkdir(join(folder, 'moto'));
    await writeFile(join(folder, 'moto/__init__.py'), '__version__ = "5.2.2"\n');
    const run = promisify(execFile)('python3', [PATCH], { env: { ...process.env, PYTHONPATH: folder } });
    await expect(run).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^This stand-in .* has 5\.2\.2: pip install "moto\[server\]==5\.2\.1"\n$/,
      ) as string,
    });
  });
});
