import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLASSES, COUNT, DENSITY, SMALL, writeModelKind } from '../../../test/model-kinds.ts';
import { printedRun, Workspace } from './support/workspace.ts';

const workspace = new Workspace();
afterAll(() => workspace.remove());

async function run(name: string) {
  const [data, model] = ['--data', '--model'].map((option, at) => [option, [name, `${name}.onnx`][at]!]);
  const ended = await workspace.cosmicai([
    'run',
    ...data!,
    ...model!,
    '--world-size',
    '2',
    '--results',
    `${name}-out`,
    '--json',
  ]);
  const { summary } = printedRun(ended);
  const written = await workspace.cosmicai(['catalogue', `${name}-out`, '-o', `${name}.csv`]);
  expect(written).toMatchObject({ code: 0 });
  const [head = '', ...lines] = workspace.text(`${name}.csv`).trim().split(/\r?\n/);
  const rows = lines.map((line) => {
    const cells = line.split(',').map((cell) => (cell === '' || Number.isNaN(Number(cell)) ? cell : Number(cell)));
    return Object.fromEntries(head.split(',').map((column, at) => [column, cells[at]]));
  });
  const report = workspace.text(`${name}-out`, 'runs', summary!.run_id, 'report.html');
  return { summary: summary!, rows, report, table: workspace.text(`${name}.csv`) };
}

describe('cosmicai run', () => {
  it.concurrent('predicts 64 pixels in three bands', async () => {
    await writeModelKind(workspace.folder, SMALL);
    const { summary, rows } = await run('small');
    expect(summary).toMatchObject({ samples: 2 * COUNT, prediction_scores: { count: 2 * COUNT } });
    expect(rows.map(({ z_pred }) => z_pred)).toEqual(Array(2 * COUNT).fill(expect.closeTo(0.22, 3)));
  });

  it.concurrent('predicts densities, whose means have an accuracy, by a spec in YAML beside the model', async () => {
    await writeModelKind(workspace.folder, DENSITY);
    const { summary, rows, report, table } = await run('density');
    expect(summary.prediction_scores.mae).toBeCloseTo(0.05, 5);
    for (const row of rows)
      expect(row).toMatchObject({
        z_pred: expect.closeTo(0.25, 5),
        z_sigma: expect.closeTo(0.0866, 4),
      });
    expect(table.match(/"\[0\.25,0\.75\]"/g)).toHaveLength(2 * COUNT);
    expect(report).toContain('Precision (NMAD)');

    // The spec is a part of the model: a run doesn't go on by another one.
    const place = workspace.path('density-out');
    const [execution] = readdirSync(join(place, 'executions'));
    rmSync(join(place, 'runs', summary.run_id, '0.json'));
    const spec = workspace.path('density.spec.yaml');
    writeFileSync(spec, readFileSync(spec, 'utf8').replace('0.4', '0.8'));
    const refused = await workspace.cosmicai(['run', '--resume', join(place, 'executions', execution!)]);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /the model is \w+…, planned was \w+…; in its spec .*density\.spec\.yaml outputs is .*0\.8.*, was .*0\.4/,
    );
  });

  it.concurrent('predicts classes, of which it counts the galaxies, and tells no accuracy', async () => {
    await writeModelKind(workspace.folder, CLASSES);
    const { summary, rows, report } = await run('classes');
    expect(summary).toMatchObject({
      without_redshift: 2 * COUNT,
      class_counts: { elliptical: 2 * COUNT },
      prediction_scores: { count: 0 },
      flagged: { galaxies: 0 },
    });
    for (const row of rows) {
      expect(row).toMatchObject({ class: 'elliptical', p_spiral: 0.25 });
      expect(row).not.toHaveProperty('z_pred');
    }
    expect(report).toContain('The model answers classes, not redshifts');
    expect(report).toContain('elliptical');
    const shown = await workspace.cosmicai([
      'infer',
      'classes/1.pt',
      '--model',
      'classes.onnx',
      '--out',
      'classes.csv',
    ]);
    expect(shown.stdout).toMatch(/answers classes, not redshifts[^]*elliptical +6 +100/);
    expect(shown.stdout).not.toContain('NMAD');
    expect(workspace.text('classes.csv')).toMatch(
      /^index,z_spec,z_pred,flags,class,p_spiral,p_elliptical\n0,0.2,,0,elliptical,0.25,0.75\n/,
    );
  });
});
