import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileAstroMae, PUBLISHED_CONFIG, randomWeights } from '@cosmicai/astromae';
import { parseReportLog } from '@cosmicai/payload';
import { fileStore } from '@cosmicai/store';
import { printedRun, Workspace } from './support/workspace.ts';

/** A Python with torch and numpy; none is needed to use the command. */
const python = process.env.COSMICAI_PYTHON ?? 'python3';
const hasTorch = spawnSync(python, ['-c', 'import torch, numpy']).status === 0;
if (!hasTorch) {
  console.warn(
    `${python} has no torch: no run over a partition of torch.save. Set COSMICAI_PYTHON to one that has it.`,
  );
}

/** As the published partitions of 100 MB: 5,113 galaxies with magnitudes in double precision. */
const WRITE = `
import sys, torch
from torch.utils.data import TensorDataset
torch.manual_seed(11)
images = torch.rand(5113, 5, 32, 32)
magnitudes = 18 + torch.rand(5113, 5, dtype=torch.float64)
redshift = 0.3 * torch.rand(5113)
torch.save(TensorDataset(images, magnitudes, redshift), sys.argv[1])`;

(hasTorch ? describe : describe.skip)('a partition of 100 MB that torch wrote', () => {
  let workspace: Workspace;
  beforeAll(async () => {
    workspace = new Workspace();
    const store = fileStore(workspace.folder);
    await store.put('published.onnx', compileAstroMae(PUBLISHED_CONFIG, randomWeights(PUBLISHED_CONFIG, 1)));
    await store.put('data/empty', '');
    const { status, stderr } = spawnSync(python, ['-c', WRITE, workspace.path('data', '1.pt')], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  });
  afterAll(() => workspace.remove());

  it('is run at batch 512 by the published architecture in less than 700 MB', async () => {
    const run = await workspace.cosmicai([
      ...['run', '--data', 'data', '--world-size', '1', '--batch-size', '512', '--model', 'published.onnx'],
      ...['--json', '--no-report'],
    ]);

    expect(run.code).toBe(0);
    const { summary, directory } = printedRun(run);
    expect(summary).toMatchObject({ samples: 5113, bits: 5113 * 20_520 * 8, prediction_scores: { excluded: 0 } });
    const { reports } = parseReportLog(readFileSync(join(directory, 'reports.log'), 'utf8'));
    const peak = Math.max(...reports.map((report) => report.maxMemoryUsedMb));
    expect(peak).toBeLessThan(700);
  }, 300_000);
});
