import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { image, magnitudes, testModel } from '../../../../test/onnx-models.ts';
import { demoModel } from '../../../demo-model/src/index.ts';
import { defaultCalibration } from '@cosmicai/quote';
import { openStore } from '@cosmicai/store';
import { calibrationOfModel } from '../../src/gather.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-precision-'));
  await copyFile(demoModel('int8'), join(folder, 'mine.onnx'));
  await writeFile(join(folder, 'none.onnx'), 'no model');
});
afterAll(() => rm(folder, { recursive: true }));

describe('what a quote goes by where nothing was measured', () => {
  it.each<[string, { model?: string; chosen?: string; byDefault?: string }, 'int8' | 'fp32' | undefined]>([
    ['the default model, which is in 8 bits', { byDefault: demoModel() }, 'int8'],
    ['the default model of a stage in fp32', { byDefault: demoModel('fp32') }, 'fp32'],
    ['the one that is chosen, whatever the payload names', { model: 'mine.onnx', chosen: demoModel('fp32') }, 'fp32'],
    ['the payload’s, not the default', { model: 'mine.onnx', byDefault: demoModel('fp32') }, 'int8'],
    ['one that isn’t there', { model: 'gone.onnx', byDefault: demoModel() }, undefined],
    ['one that is none', { model: 'none.onnx' }, undefined],
    ['that of a stage which has none', {}, undefined],
  ])('is the arithmetic of %s', async (_, { model, chosen, byDefault }, precision) => {
    const payload = { bucket: pathToFileURL(folder).href, ...(model !== undefined && { model }) };
    const found = await calibrationOfModel(payload, { chosen, byDefault, openStore });
    // Of a stored model: whether it is there, and whether it has trained ranges; its spec is in its metadata.
    const lookups = model === 'mine.onnx' ? { lookups: 2 } : {};
    const { coldDownload, ...expected } = defaultCalibration(precision);
    expect(found).toEqual({ ...expected, coldDownload: { ...coldDownload, ...lookups } });
  });

  it('counts what a rank asks for beside a model of others: eight names of specs, and the spec', async () => {
    await writeFile(
      join(folder, 'other.onnx'),
      testModel({ image: image('n', 5, 6, 6), magnitudes: magnitudes('n', 1) }),
    );
    const lookups = async () => {
      const payload = { bucket: pathToFileURL(folder).href, model: 'other.onnx' };
      return (await calibrationOfModel(payload, { byDefault: undefined, openStore })).coldDownload.lookups;
    };
    expect(await lookups()).toBe(10);
    await writeFile(
      join(folder, 'other.spec.json'),
      JSON.stringify({ inputs: { image: { bands: ['u', 'g', 'r', 'i', 'z'], side: 6 }, features: ['mag_r'] } }),
    );
    await writeFile(join(folder, 'other.trained.json'), '{}');
    expect(await lookups()).toBe(12);
  });
});
