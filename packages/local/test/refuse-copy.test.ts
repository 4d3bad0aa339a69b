import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { refuseCopy } from '../src/engine/refuse-copy.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-copy-'));
  for (const results of ['results', 'copy']) await mkdir(join(folder, results, 'executions', 'e'), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

it('refuses an execution that writes elsewhere than beside itself, and names both places', async () => {
  const payload = { bucket: pathToFileURL(folder).href, result_path: 'results' };
  const at = (results: string) => refuseCopy(join(folder, results, 'executions', 'e'), payload);
  await at('results');
  await symlink(join(folder, 'results'), join(folder, 'link'));
  await at('link');
  await expect(at('copy')).rejects.toThrow(`run in ${folder}/results, not with`);
  await expect(at('copy')).rejects.toThrow(`cosmicai run --resume ${folder}/results/executions/e`);
  await rm(join(folder, 'results'), { recursive: true });
  await expect(at('copy')).rejects.toThrow(/was copied or moved/);
});

it('takes executions whose results are in a bucket wherever they lie', async () => {
  await refuseCopy(join(folder, 'copy/executions/e'), { bucket: 's3://galaxies', result_path: 'out' });
});
