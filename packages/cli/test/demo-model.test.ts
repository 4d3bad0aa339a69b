import { DEMO_PRECISIONS } from '@cosmicai/demo-model';
import { printedJson, Workspace } from './support/workspace.ts';

let workspace: Workspace;
beforeAll(async () => {
  workspace = new Workspace();
  await workspace.survey('parts', { count: 500, files: 1, seed: 404_404 });
});
afterAll(() => workspace.remove());

interface Scores {
  readonly samples: number;
  readonly R2: number;
  readonly Precision: number;
  readonly arithmetic: object | null;
}

describe('the demo model', () => {
  it.each(DEMO_PRECISIONS)('predicts the redshifts of galaxies it has never seen in %s', async (precision) => {
    const infer = ['infer', 'parts/1.pt', '--precision', precision, '--json'];
    const end = await workspace.cosmicai(infer);

    expect(end.code).toBe(0);
    const { samples, R2, Precision, arithmetic } = printedJson(end) as Scores;
    expect(samples).toBe(500);
    expect(arithmetic === null).toBe(precision === 'fp32');
    // docs/model-card.md: 0.908 and 0.0120 over 5,000 galaxies; bounds leave room for the scatter of 500.
    expect(R2).toBeGreaterThan(0.85);
    expect(Precision).toBeLessThan(0.015);
  });

  it('has no precision to choose where another model is named', async () => {
    const end = await workspace.cosmicai(['infer', 'parts/1.pt', '--model', 'fast.onnx', '--precision', 'fp32']);
    expect(end.code).toBe(2);
    expect(end.stderr).toMatch(/'--precision <type>' cannot be used with option '-m, --model <file>'/);
  });
});
