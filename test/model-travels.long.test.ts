import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeUpload, openModel, uploadModel } from '../packages/inference/src/index.ts';
import { testModel, weightsIn } from './onnx-models.ts';
import { fileStore } from '../packages/store/src/index.ts';
import { simulateSurvey } from '../packages/survey/src/index.ts';
import { writePartition } from '../packages/torchfile/src/index.ts';
import { archive, bundle, root } from '../packages/deploy/src/index.ts';
import { temporaryFolder } from './stacks.ts';
import { unpack } from './unpack.ts';

const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';
const RANGES = JSON.stringify({ magnitudes: Array.from({ length: 5 }, () => [10, 30]), redshift: [0, 1] });

/** A folder with a model of three files. */
async function threeFiles(name: string, weights = 'deep/w.bin'): Promise<{ folder: string; model: string }> {
  const folder = await temporaryFolder(name);
  const model = join(folder, 'mine.onnx');
  await mkdir(join(folder, 'deep'), { recursive: true });
  await writeFile(model, weightsIn(weights));
  await writeFile(join(folder, weights), new Uint8Array(Float32Array.of(2).buffer));
  await writeFile(join(folder, 'mine.trained.json'), RANGES);
  return { folder, model };
}

async function cosmicai(folder: string, ...args: string[]) {
  const env = { PATH: process.env.PATH, HOME: folder, TMPDIR: folder };
  return await promisify(execFile)(process.execPath, [join(root, 'packages/cli/src/main.ts'), ...args], {
    cwd: folder,
    env,
  }).catch((error: unknown) => error as { stdout: string; stderr: string; code: number });
}

describe('a model of several files', () => {
  it('opens in the package of a function as it does at home', async () => {
    const { folder, model } = await threeFiles('travels-packed');
    const zip = join(folder, 'task.zip');
    await archive(await bundle('inference'), zip, { architecture, model });
    const names = (await unpack(zip, join(folder, 'task'))).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['model.onnx', 'deep/w.bin', 'model.trained.json']));
    const [home, packed] = await Promise.all(
      [model, join(folder, 'task/model.onnx')].map((modelPath) =>
        openModel({ modelPath, workers: 1, cacheFolder: join(folder, 'cache') }),
      ),
    );
    expect(packed!.sha256).toBe(home!.sha256);
    expect(packed!.trained).toEqual(JSON.parse(RANGES));
    await Promise.all([home!.predictor.close(), packed!.predictor.close()]);
  });

  it('is not packed without one of them, nor over a file of the function', async () => {
    const bundled = await bundle('inference');
    const { folder, model } = await threeFiles('travels-refused', 'handler.mjs');
    await expect(archive(bundled, join(folder, 'task.zip'), { architecture, model })).rejects.toThrow(
      'its weights are in a file named "handler.mjs", and the function has one of that name',
    );
    await writeFile(model, weightsIn('gone.bin'));
    await expect(archive(bundled, join(folder, 'task.zip'), { architecture, model })).rejects.toThrow(
      'are in gone.bin, which should lie beside it',
    );
  });

  it('is probed for a quote with all that a rank would fetch', async () => {
    const { folder, model } = await threeFiles('travels-probed');
    const store = fileStore(join(folder, 'galaxies'));
    await writePartition(store, 'datasets/1.pt', { count: 20 }, simulateSurvey({ count: 20, seed: 1 }));
    const uploaded = await uploadModel(model, store, 'models');
    expect(describeUpload(uploaded)).toBe(
      'Model: models/mine/deep/w.bin, models/mine/mine.trained.json, models/mine/mine.onnx uploaded',
    );
    const payload = { bucket: 'galaxies', data_prefix: 'datasets', result_path: 'results', model: uploaded.key };
    await writeFile(join(folder, 'payload.json'), JSON.stringify({ ...payload, world_size: 1, batch_size: 8 }));
    const asked = ['quote', 'payload.json', '--store', `file://${folder}`, '--probe', '--json'];
    const { stdout, stderr } = await cosmicai(folder, ...asked);
    expect(stderr).toBe('Probing: one process at work on this machine for some seconds\n');
    expect(JSON.parse(stdout)).toMatchObject({
      probe: {
        galaxies: 20,
        modelDownloadObjects: 3,
        modelDownloadBytes: weightsIn('deep/w.bin').length + 4 + RANGES.length,
      },
    });
  });

  it('is not copied away from its weights to have its ranges written into it', async () => {
    const { folder } = await threeFiles('travels-profiled');
    await mkdir(join(folder, 'elsewhere'));
    const store = fileStore(folder);
    await writePartition(store, '1.pt', { count: 20 }, simulateSurvey({ count: 20, seed: 1 }));
    const away = await cosmicai(folder, 'model', 'profile', 'mine.onnx', '--data', '1.pt', '--out', 'elsewhere/x.onnx');
    expect(away).toMatchObject({ code: 2, stdout: '' });
    expect(away.stderr).toContain('lie beside it (deep/w.bin), where a copy in');
    expect(await store.head('elsewhere/x.onnx')).toBeUndefined();
    await cosmicai(folder, 'model', 'profile', 'mine.onnx', '--data', '1.pt', '--out', 'x.onnx');
    const { predictor, trained } = await openModel({
      modelPath: join(folder, 'x.onnx'),
      workers: 1,
      cacheFolder: folder,
    });
    await predictor.close();
    expect(trained).toBeDefined();
  });
});

describe('a model of one file', () => {
  it('is packed alone', async () => {
    const folder = await temporaryFolder('travels-alone');
    const model = join(folder, 'mine.onnx');
    await writeFile(model, testModel());
    const zip = join(folder, 'task.zip');
    await archive(await bundle('inference'), zip, { architecture, model });
    const names = (await unpack(zip, join(folder, 'task'))).map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('model.'))).toEqual(['model.onnx']);
    expect(await readFile(join(folder, 'task/model.onnx'))).toEqual(Buffer.from(testModel()));
  });
});
