import { readFileSync, writeFileSync } from 'node:fs';
import { compileAstroMae, randomWeights } from '@cosmicai/astromae';
import { NARROW_CONFIG } from '../../../test/narrow-model.ts';
import { printedJson, Workspace } from './support/workspace.ts';

let workspace: Workspace;
beforeAll(async () => {
  workspace = new Workspace();
  writeFileSync(workspace.modelPath, compileAstroMae(NARROW_CONFIG, randomWeights(NARROW_CONFIG, 7)));
  await workspace.survey('parts', { count: 96, files: 1 });
});
afterAll(() => workspace.remove());

const quantize = (...more: string[]) =>
  workspace.inProcess([
    'model',
    'quantize',
    'fast.onnx',
    '--data',
    'parts',
    '--calibrate',
    '32',
    '--layers',
    'all',
    ...more,
  ]);

describe('cosmicai model quantize', () => {
  it('writes a model that infer takes, and says what it changes', async () => {
    const end = await quantize(
      '--verify',
      '32',
      '--out',
      'int8.onnx',
      '--max-change',
      '0.5',
      '--max-nmad-change',
      '100',
    );
    expect(end.code).toBe(0);
    expect(end.stdout).toMatch(/^\d+ matrix products in 8-bit integers, calibrated on \d+ galaxies\.$/m);
    expect(end.stdout).toMatch(/^\d+ other galaxies: redshifts change by at most .*, on average .*\.$/m);
    expect(end.stdout).toMatch(/^NMAD +\d.* \[.*\]$/m);
    expect(end.stdout).toMatch(/^mag_r +galaxies/m);
    expect(end.stderr).toMatch(/^Not checked: whether .*1\.pt is damaged: /m);
    expect(end.stdout).toMatch(/^Written to int8\.onnx$/m);
    const infer = (model: string) => workspace.inProcess(['infer', 'parts/1.pt', '--model', model, '--json']);
    const [before, after] = [printedJson(await infer('fast.onnx')), printedJson(await infer('int8.onnx'))];
    expect(before).toMatchObject({ arithmetic: null });
    expect(after).toMatchObject({ samples: 96, arithmetic: { weight_bits: 7 } });
    expect((after as { MAE: number }).MAE).toBeCloseTo((before as { MAE: number }).MAE, 1);
  });

  it('takes layers that are measured, shows them, and takes them again', async () => {
    const loose = ['--max-change', '0.5', '--max-nmad-change', '1000', '--verify', '32'];
    const end = await quantize(...loose, '--layers', 'measured', '--out', 'measured.onnx');
    expect(end).toMatchObject({ code: 0 });
    expect(end.stdout).toMatch(/^layer +products +matrix +float32, us a galaxy +8 bits +gain/m);
    const again = await quantize(...loose, '--layers', 'measured.onnx', '--out', 'again.onnx', '--json');
    expect(printedJson(again)).toMatchObject({
      layers: expect.arrayContaining([expect.objectContaining({ integers: true })]),
    });
    const [one, other] = ['measured.onnx', 'again.onnx'].map((name) => readFileSync(workspace.path(name)));
    expect(one!.equals(other!)).toBe(true);
  });

  it('writes nothing where redshifts change by more than they may', async () => {
    const end = await quantize('--out', 'refused.onnx', '--max-change', '1e-9', '--json');
    expect(end.code).toBe(1);
    expect(printedJson(end)).toMatchObject({
      weight_bits: 7,
      intervals: { change: {} },
      by_redshift: [{}, {}, {}, {}, {}],
      written: null,
      refusal: expect.stringContaining('redshift changes by'),
    });
    expect(end.stderr).toContain('Nothing was written: ');
    expect(workspace.names().filter((name) => name.startsWith('refused'))).toEqual([]);
  });

  it.each([
    [['--data', 'gone.pt'], /gone\.pt/],
    [['--verify', '0'], /--verify/],
    [['--calibrate', '0'], /--calibrate/],
    [['--layers', 'parts/1.pt'], /parts.1\.pt records no choice of layers/],
    [['--layers', 'fast.onnx'], /fast\.onnx records no choice of layers/],
    [['--layers', 'gone.onnx'], /gone\.onnx/],
    [['--map', 'image=pixels'], /no input "pixels"/],
  ])('says what is wrong with %j, and leaves nothing', async (more, message) => {
    const end = await quantize('--out', 'wrong.onnx', ...more);
    expect(end).toMatchObject({ code: 2, stdout: '' });
    expect(end.stderr).toMatch(message);
    expect(workspace.names().filter((name) => name.startsWith('wrong'))).toEqual([]);
  });
});
