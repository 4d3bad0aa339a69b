import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LATE, writeGalaxies } from '../../../test/late-failures.ts';
import { node, testModel } from '../../../test/onnx-models.ts';
import type { Ended } from './support/cosmicai.ts';
import { printedJson, printedRun, Workspace } from './support/workspace.ts';

const ALL = Array.from({ length: 2000 }, (_, index) => index);
let workspace: Workspace;
beforeAll(async () => {
  workspace = new Workspace();
  for (const [name, model] of Object.entries(LATE)) writeFileSync(workspace.path(`${name}.onnx`), model);
  writeFileSync(workspace.path('mixing.onnx'), mixing('mean'));
  await writeGalaxies(workspace.path('one'), '1.pt', [700]);
  await writeGalaxies(workspace.path('last'), '1.pt', [1999]);
  await writeGalaxies(workspace.path('all'), '1.pt', ALL);
  await workspace.survey('few', { count: 20, files: 1 });
});
afterAll(() => workspace.remove());

/** Its answer for a galaxy depends on the others of its batch. */
function mixing(name: string): Uint8Array {
  return testModel({
    answer: [node('ReduceMean', ['z'], name, { axes: [0], keepdims: 1 }), node('Sub', ['z', name], 'redshift')],
  });
}

/** What is on stderr besides progress. */
const said = ({ stderr }: Ended) => stderr.replaceAll(/^(Predicting .*|Initialize|Infer(: .*)?|Summarize)\n/gm, '');

describe('a model that fails only on galaxies that it was not tried on', () => {
  it.each([
    // Four reads of 32 under way, or two of 512, in two threads.
    ['outOfRange', 'one', 32, 'galaxies 672 to 703', 'Gather'],
    ['outOfRange', 'last', 512, 'galaxies 1984 to 1999', 'Gather'],
    ['fewer', 'one', 1, 'galaxy 700', 'it answers 0 values for 1 galaxy'],
    ['firstEight', 'one', 512, 'galaxies \\d+ to \\d+', 'it answers 8 values for 32 galaxies'],
  ])('ends infer in one sentence: %s, %s, batch size %d', async (model, data, batchSize, galaxies, why) => {
    const end = await workspace.cosmicai([
      ...['infer', `${data}/1.pt`, '--model', `${model}.onnx`, '--batch-size', String(batchSize)],
      ...['--workers', '2', '--out', 'late.csv', '--json'],
    ]);
    expect(end.code).toBe(2);
    expect(printedJson(end)).toMatchObject({ error: 'UserInputError' });
    expect(said(end)).toMatch(
      new RegExp(`^Error: \\S+/${data}/1\\.pt, ${galaxies} .*${model}\\.onnx can't be used: .*${why}.*\\.\\n$`),
    );
    expect(workspace.exists('late.csv')).toBe(false);
  });

  it('fails a run in the same sentence, once, with exit code 1', async () => {
    const end = await workspace.cosmicai([
      ...['run', '--data', 'one', '--model', 'outOfRange.onnx', '--batch-size', '512'],
      ...['--results', 'late', '--json', '--no-report'],
    ]);
    expect(end.code).toBe(1);
    expect(printedRun(end)).toMatchObject({ status: 'FAILED', error: 'RanksFailed' });
    const why =
      /PartitionError: rank 0, partition 1\.pt: \S+1\.pt, galaxies 672 to 703 .*Gather.* out of data bounds.*\.\n/g;
    expect(said(end).match(why)).toHaveLength(1);
    expect(end.stderr).not.toMatch(/^\s+at |[Uu]nhandled|Warning/m);
  });

  it('has what is no number counted by infer and run, and fails them where nothing else is left', async () => {
    const use = ['--model', 'notANumber.onnx', '--json'];
    const [some, none, run] = await Promise.all([
      workspace.cosmicai(['infer', 'one/1.pt', ...use]),
      workspace.cosmicai(['infer', 'all/1.pt', ...use]),
      workspace.cosmicai(['run', '--data', 'one', '--results', 'nan', '--no-report', ...use]),
    ]);
    expect([some.code, none.code, run.code]).toEqual([0, 1, 0]);
    expect(printedJson(some)).toMatchObject({ samples: 2000, flagged: { by_flag: { prediction_not_finite: 1 } } });
    expect(printedRun(run).summary).toMatchObject({
      samples: 2000,
      flagged: { by_flag: { prediction_not_finite: 1 } },
    });
    expect(said(none)).toBe(
      'NoFinitePrediction: The model answered no finite number for any of 2000 galaxies. Check that it is the model for these data: cosmicai model inspect.\n',
    );
  });
});

describe('a model whose answer depends on the batch', () => {
  const infer = ['infer', 'few/1.pt', '--model', 'mixing.onnx'];
  const run = ['run', '--data', 'few', '--model', 'mixing.onnx', '--json', '--no-report'];
  const ALLOWED = '--allow-batch-dependence';
  const WARNING =
    /mixing\.onnx: its answer for a galaxy depends on the galaxies beside it in the batch: by .* the galaxy alone\./;

  it('is refused by infer and run, which say what takes it all the same', async () => {
    const [inferred, ran] = await Promise.all([
      workspace.cosmicai(infer),
      workspace.cosmicai([...run, '--results', 'refused']),
    ]);
    expect(inferred.stdout).toBe('');
    expect(printedJson(ran)).toMatchObject({ error: 'UserInputError' });
    for (const end of [inferred, ran]) {
      expect(end.code).toBe(2);
      expect(end.stderr).toMatch(/^Error: The model \S+mixing\.onnx can't be used: .*--allow-batch-dependence.*\n$/);
    }
    expect(workspace.exists('refused')).toBe(false);
  });

  it('is taken with a warning, and tried once only until it changes', async () => {
    const place = workspace.path('temporary');
    mkdirSync(place);
    const environment = { TMPDIR: place };
    const kept = () =>
      readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.probe.json'));
    const first = await workspace.cosmicai([...infer, ALLOWED], { environment });
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(new RegExp(`^Warnings:\n.*${WARNING.source}$`, 'm'));
    expect(kept()).toHaveLength(1);

    // Whoever says this has read it, and not tried the model.
    writeFileSync(join(place, kept()[0]!), '{"batchDependence": {"difference": 0.125, "between": "as it was kept"}}');
    const ran = await workspace.cosmicai([...run, ALLOWED, '--results', 'allowed'], { environment });
    expect(ran.code).toBe(0);
    expect(printedRun(ran).summary?.warnings).toEqual([expect.stringMatching(/by 0\.13 .*as it was kept\.$/)]);
    expect(kept()).toHaveLength(1);

    writeFileSync(workspace.path('mixing.onnx'), mixing('average'));
    const changed = await workspace.cosmicai([...infer, ALLOWED, '--json'], { environment });
    expect(printedJson(changed)).toMatchObject({ warnings: [expect.stringMatching(WARNING)] });
    expect(kept()).toHaveLength(2);
  });
});
