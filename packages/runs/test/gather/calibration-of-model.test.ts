import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
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
    expect(found).toEqual(defaultCalibration(precision));
  });
});
