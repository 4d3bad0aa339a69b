import { execFile, spawnSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { torchPython } from './torch-python.ts';
import { fileStore } from '../packages/store/src/index.ts';
import { simulateSurvey } from '../packages/survey/src/index.ts';
import { writePartition } from '../packages/torchfile/src/index.ts';
import { root, temporaryFolder } from './stacks.ts';

const python = torchPython();
if (python === undefined)
  console.warn('No Python with torch: training/export.py is not tested. Set COSMICAI_PYTHON to one that has it.');

/** What the stages of finetune.py leave in the folder of a run, without the hours: it trained on 1.pt of both surveys. */
const TRAIN = `
import sys, torch
from pathlib import Path
from astromae_model import ViT_Astro
from finetune import magnitude_transform, ranges_in
from survey_data import load_survey
data, run = Path(sys.argv[1]), Path(sys.argv[2])
run.mkdir()
surveys = {kind: load_survey(data / kind) for kind in ("drawn", "real")}
for kind, survey in surveys.items():
    torch.save({"magnitudes": survey.magnitudes, "redshift": survey.redshift}, run / f"samples-{kind}.pt")
torch.manual_seed(1)
trained = ranges_in(run, {kind: torch.arange(10) for kind in surveys})
best = {"model": ViT_Astro().state_dict(), "transform": magnitude_transform(surveys["drawn"].magnitudes), "step": 1, "scores": []}
torch.save({**best, "trained": trained}, run / "best.pt")
torch.save(best, run / "earlier.pt")
`;

const RANGES = `
import json, torch
from trained_ranges import trained_ranges
nan = float("nan")
magnitudes = torch.full((4, 5), 18.0)
magnitudes[:, 0] = torch.tensor([-9.0, 17.5, 90.0, nan])
print(json.dumps(trained_ranges(magnitudes, torch.tensor([-1.0, 0.5, nan, 99.0]))))
try:
    trained_ranges(magnitudes[:1], torch.tensor([0.1]))
except ValueError as error:
    print(error)
`;

/** What the exported network itself answers for a partition. */
const ANSWERS = `
import json, sys, torch
model = torch.load(sys.argv[1], weights_only=False).module.eval()
images, magnitudes = torch.load(sys.argv[2], weights_only=False).tensors[:2]
with torch.no_grad():
    print(json.dumps(model((images.float(), magnitudes.float())).flatten().tolist()))
`;

async function cosmicai(folder: string, ...args: string[]): Promise<unknown> {
  const main = join(root, 'packages/cli/src/main.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...args, '--json'], { cwd: folder });
  return JSON.parse(stdout);
}

(python === undefined ? describe.skip : describe)('training/export.py', () => {
  const run = (args: readonly string[]) => {
    const environment = { ...process.env, PYTHONPATH: join(root, 'training'), PYTHONDONTWRITEBYTECODE: '1' };
    const { status, stdout, stderr } = spawnSync(python!, args, { encoding: 'utf8', env: environment });
    if (status !== 0) throw new Error(stderr);
    return { stdout, stderr };
  };

  it('writes beside the checkpoint what cosmicai measures on its training set, and import takes it along', async () => {
    const folder = await temporaryFolder('training-export');
    const store = fileStore(folder);
    for (const [seed, name] of ['drawn/1', 'drawn/2', 'real/1', 'real/2'].entries())
      await writePartition(store, `${name}.pt`, { count: 10 }, simulateSurvey({ count: 10, seed }));
    const [best, out] = [join(folder, 'run/best.pt'), join(folder, 'mine.pt')];
    run(['-c', TRAIN, folder, join(folder, 'run')]);
    const exported = ['training/export.py', '--run', join(folder, 'run'), '--out', out].map((arg, at) =>
      at === 0 ? join(root, arg) : arg,
    );
    expect(run(exported).stdout).toContain('mine.trained.json: magnitudes and redshifts that it was trained on');

    const imported = await cosmicai(folder, 'model', 'import', 'mine.pt', '--out', 'models.onnx');
    const data = ['--data', 'drawn/1.pt', 'real/1.pt'];
    const { magnitudes, redshift } = (await cosmicai(folder, 'model', 'profile', 'models.onnx', ...data)) as {
      magnitudes: number[][];
      redshift: number[];
    };
    const trained = JSON.parse(await readFile(join(folder, 'mine.trained.json'), 'utf8')) as object;
    expect(trained).toEqual({ magnitudes, redshift });
    expect(imported).toMatchObject({ trained: { ranges: { magnitudes, redshift } } });

    const spec = JSON.parse(await readFile(join(folder, 'mine.spec.json'), 'utf8')) as {
      inputs: { image: { bands: string[]; side: number }; features: string[] };
    };
    const { bands, side } = spec.inputs.image;
    expect(imported).toMatchObject({ spec: { image: { bands, side }, features: spec.inputs.features } });
    await cosmicai(folder, 'infer', 'drawn/2.pt', '--model', 'models.onnx', '--out', 'predictions.csv');
    const [header = '', ...rows] = (await readFile(join(folder, 'predictions.csv'), 'utf8')).trim().split('\n');
    const at = header.split(',').indexOf('z_pred');
    const answers = JSON.parse(run(['-c', ANSWERS, out, join(folder, 'drawn/2.pt')]).stdout) as number[];
    expect(answers).toHaveLength(10);
    for (const [row, answer] of answers.entries())
      expect(Math.abs(Number(rows[row]?.split(',')[at]) - answer)).toBeLessThan(2e-6);

    await rm(best);
    await writeFile(best, await readFile(join(folder, 'run/earlier.pt')));
    expect(run(exported).stderr).toContain("best.pt doesn't tell what it was trained on");
    expect(await store.head('mine.trained.json')).toBeUndefined();
  }, 240_000);

  it('leaves out what stands for unknown, as cosmicai does', () => {
    const [ranges = '', refused] = run(['-c', RANGES]).stdout.split('\n');
    const constant = Array.from({ length: 4 }, () => [18, 18]);
    expect(JSON.parse(ranges)).toEqual({ magnitudes: [[17.5, 17.5], ...constant], redshift: [0.5, 0.5] });
    expect(refused).toBe('nothing usable among 1 galaxies in column 1 of magnitudes and redshift');
  });
});
