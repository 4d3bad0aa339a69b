import { fileURLToPath } from 'node:url';
import { printedJson, Workspace } from './support/workspace.ts';

/** A small checkpoint that PyTorch saved, with the redshifts that PyTorch predicted for five galaxies. */
const golden = (name: string) => fileURLToPath(new URL(`../../astromae/test/golden/${name}`, import.meta.url));

let workspace: Workspace;
beforeAll(async () => {
  workspace = new Workspace();
  const end = await workspace.cosmicai(['model', 'import', golden('cells-k1-g48.pt'), '-o', 'golden.onnx', '--json']);
  expect(end.stderr).toBe('');
  expect(end.code).toBe(0);
  expect(printedJson(end)).toMatchObject({
    architecture: 'AstroMAE',
    parameters: { total: 57_009 },
    weightsType: 'fp32',
  });
});
afterAll(() => workspace.remove());

describe('cosmicai model', () => {
  it('inspects what it imported', async () => {
    const [table, json] = await Promise.all([
      workspace.inProcess(['model', 'inspect', 'golden.onnx']),
      workspace.inProcess(['model', 'inspect', 'golden.onnx', '--json']),
    ]);
    expect(table.code).toBe(0);
    expect(table.stdout).toMatch(/^Encoder +patch 8, embedding 48, depth 2, heads 6/m);
    expect(table.stdout).toMatch(/^Parameters +57,009 /m);
    expect(table.stdout).toMatch(/^Probed +a finite, repeatable answer/m);
    expect(table.stdout).toMatch(/^checkpoint +cells-k1-g48\.pt$/m);
    expect(json.code).toBe(0);
    const report = printedJson(json) as { sha256: string; parameters: { total: number } };
    expect(report.parameters.total).toBe(57_009);
    expect(table.stdout).toContain(report.sha256);
  });

  it('verifies the model against the predictions of PyTorch, by a tolerance', async () => {
    const verify = (tolerance: string) =>
      workspace.cosmicai([
        ...['model', 'verify', 'golden.onnx', '--against', golden('cells-k1-g48.json')],
        ...['--data', golden('galaxies-32.pt'), '--tolerance', tolerance, '--json'],
      ]);
    const [fine, strict] = await Promise.all([verify('1e-5'), verify('1e-12')]);
    expect(fine.code).toBe(0);
    const { samples, max_difference: difference } = printedJson(fine) as { samples: number; max_difference: number };
    expect(samples).toBe(5);
    expect(difference).toBeLessThan(1e-5);
    expect(printedJson(fine)).toMatchObject({ model: { count: 5 }, against: { count: 5 }, intervals: { change: {} } });
    expect(strict.code).toBe(1);
    expect(printedJson(strict)).toEqual(printedJson(fine));
  });

  it('runs what it imported', async () => {
    const end = await workspace.cosmicai(['infer', golden('galaxies-32.pt'), '--model', 'golden.onnx', '--json']);
    expect(end.code).toBe(0);
    expect(printedJson(end)).toMatchObject({ samples: 5, MAE: expect.closeTo(0.199749, 5) });
  });
});
