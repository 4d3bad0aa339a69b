import { demoModel } from '@cosmicai/demo-model';
import { fileStore } from '@cosmicai/store';
import { simulateSurvey } from '@cosmicai/survey';
import { writePartition, type PartitionBatch } from '@cosmicai/torchfile';
import { printedJson, printedRun, Workspace } from './support/workspace.ts';

const DEMO = ['--model', demoModel()];
const PIXELS = 5 * 32 * 32;
let workspace: Workspace;

beforeAll(async () => {
  workspace = new Workspace();
  const good = twenty();
  const odd = twenty();
  odd.magnitudes[5] = -9999;
  odd.magnitudes[10] = 99;
  odd.images[3 * PIXELS] = NaN;
  odd.images.fill(0, 4 * PIXELS, 5 * PIXELS);
  odd.redshift[5] = 9999;
  for (const [folder, batch] of [
    ['good', good],
    ['odd', odd],
  ] as const) {
    await writePartition(fileStore(workspace.path()), `${folder}/1.pt`, { count: batch.count }, [batch]);
  }
  await writePartition(fileStore(workspace.path()), 'empty/1.pt', { count: 0 }, []);
});
afterAll(() => workspace.remove());

function twenty(): PartitionBatch {
  const [batch] = simulateSurvey({ count: 20, seed: 7 });
  if (batch === undefined) throw new Error('no galaxies');
  return batch;
}

interface Scored {
  readonly MAE: number;
  readonly flagged: { readonly galaxies: number; readonly by_flag: Readonly<Record<string, number>> };
  readonly scores: { readonly count: number };
  readonly scores_unflagged: { readonly count: number; readonly mae: number };
  readonly warnings: readonly string[];
}

describe('galaxies with something wrong', () => {
  it('are counted by infer and told apart from the others, with exit code 0', async () => {
    const [good, odd] = await Promise.all([
      workspace.cosmicai(['infer', 'good/1.pt', '--json', ...DEMO]),
      workspace.cosmicai(['infer', 'odd/1.pt', '--json', '--out', 'odd.csv', ...DEMO]),
    ]);
    expect([good.code, odd.code]).toEqual([0, 0]);
    const clean = printedJson(good) as Scored;
    expect(clean).toMatchObject({
      flagged: { galaxies: 0, by_flag: {} },
      warnings: [],
      not_checked: [expect.stringContaining('of 20 galaxies')],
    });
    const spoilt = printedJson(odd) as Scored;
    expect(spoilt.flagged.galaxies).toBe(5);
    expect(spoilt.flagged.by_flag).toMatchObject({
      magnitude_placeholder: 2,
      input_not_finite: 1,
      image_blank: 1,
      truth_unusable: 1,
    });
    expect(spoilt.scores_unflagged.count).toBe(15);
    expect(spoilt.scores_unflagged.mae).toBeLessThan(0.03);
    expect(spoilt.MAE).toBeGreaterThan(spoilt.scores_unflagged.mae * 10);
    const lines = workspace.text('odd.csv').trimEnd().split('\n');
    expect(lines[0]).toBe('index,z_spec,z_pred,flags');
    expect(lines.filter((line) => !line.endsWith(',0'))).toHaveLength(6);
  });

  it('are shown by infer and run in a table, and end with 1 beyond --max-flagged', async () => {
    const [shown, tooMany, run, failed] = await Promise.all([
      workspace.cosmicai(['infer', 'odd/1.pt', '--max-flagged', '25', ...DEMO]),
      workspace.cosmicai(['infer', 'odd/1.pt', '--max-flagged', '24', ...DEMO]),
      workspace.cosmicai(['run', '--data', 'odd', '--results', 'shown', '--no-report', ...DEMO]),
      workspace.cosmicai(['run', '--data', 'odd', '--results', 'failed', '--max-flagged', '24', '--json', ...DEMO]),
    ]);
    for (const { stdout } of [shown, run]) {
      expect(stdout).toMatch(/^image_blank +1 +5 % /m);
      expect(stdout).toMatch(/^any +5 +25 % /m);
      expect(stdout).toMatch(/without any flag: MAE 0\.0\d+, NMAD 0\.0\d+ over 15\./);
    }
    expect([shown.code, tooMany.code, run.code, failed.code]).toEqual([0, 1, 0, 1]);
    expect(tooMany.stderr).toContain('TooManyFlagged: 5 of 20 galaxies (25.0 %) are flagged');
    expect(printedRun(failed)).toMatchObject({ status: 'FAILED', error: 'TooManyFlagged' });
  });

  it('an empty survey warns', async () => {
    const end = await workspace.cosmicai(['run', '--data', 'empty', '--results', 'none', '--json', ...DEMO]);
    expect(end.code).toBe(0);
    expect(printedRun(end).summary?.warnings).toEqual([
      expect.stringContaining('There are no galaxies in '),
      'There are no galaxies in any partition.',
    ]);
  });

  it('ranges of a foreign model are measured, used, and said to be unknown before', async () => {
    const before = await workspace.cosmicai(['infer', 'good/1.pt']);
    expect(before.stdout).toContain('Not checked:\nWhether magnitudes and predictions lie in the range');
    const profile = await workspace.cosmicai(['model', 'profile', 'fast.onnx', '--data', 'good/1.pt', '--json']);
    expect(printedJson(profile)).toMatchObject({ galaxies: 20, written: workspace.path('fast.trained.json') });
    const after = await workspace.cosmicai(['infer', 'good/1.pt', '--json']);
    // Random weights predict what no training set has.
    expect((printedJson(after) as Scored).flagged.by_flag).toEqual({
      prediction_out_of_range: expect.any(Number) as unknown,
    });
  });
});
