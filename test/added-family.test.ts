import { jest } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type * as Families from '../packages/families/src/index.ts';
import { stateDictStream, type TensorInput } from '../packages/torchfile/src/index.ts';
import { extendedBy } from './extending.ts';

const extended = extendedBy('Add a model family', 'families');
const folder = mkdtempSync(join(tmpdir(), 'cosmicai-added-'));
afterAll(() => {
  extended.remove();
  rmSync(folder, { recursive: true });
});

it('imports, describes and refuses checkpoints of a family that is added by the text of docs/extending.md', async () => {
  const families = (await import(join(extended.folder, 'src/index.ts'))) as typeof Families;
  jest.unstable_mockModule('../packages/families/src/index.ts', () => families);
  const { cosmicaiIn } = await import('../packages/cli/test/support/in-process.ts');
  const tensor = (shape: readonly number[]): TensorInput => {
    const size = shape.reduce((all, length) => all * length, 1);
    return { dtype: 'float32', shape, data: new Float32Array(size).fill(0.5) };
  };
  const save = async (name: string, tensors: Parameters<typeof stateDictStream>[0]) => {
    writeFileSync(join(folder, name), await buffer(stateDictStream(tensors)));
  };
  await save('own.pt', { 'brightness.weight': tensor([1, 5]), 'brightness.bias': tensor([1]) });
  await save('torn.pt', { 'brightness.weight': tensor([1, 4]), 'brightness.bias': tensor([1]) });
  await save('foreign.pt', { 'layer1.weight': tensor([3]) });

  const help = await cosmicaiIn(folder, ['model', 'import', '--help']);
  expect(help.stdout.replaceAll(/\s+/g, ' ')).toContain(
    'of AstroMAE or one of its parts, or of torch.save (state dict) of Brightness to',
  );

  const imported = await cosmicaiIn(folder, ['model', 'import', 'own.pt', '-o', 'own.onnx']);
  expect(imported).toMatchObject({ code: 0, stderr: '' });
  const inspected = await cosmicaiIn(folder, ['model', 'inspect', 'own.onnx']);
  expect(inspected.stdout).toMatch(/^Architecture +Brightness$[^]*^infer +runs it: image from image, no magnitudes/m);
  expect(imported.stdout).toContain(inspected.stdout.trim());
  const json = await cosmicaiIn(folder, ['model', 'inspect', 'own.onnx', '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({ architecture: 'Brightness', inference: { usable: true } });

  const refused = (name: string, ...options: string[]) =>
    cosmicaiIn(folder, ['model', 'import', name, '-o', 'none.onnx', ...options]);
  expect(await refused('torn.pt')).toMatchObject({ code: 2, stdout: '' });
  expect((await refused('torn.pt')).stderr).toMatch(/brightness\.weight is of shape \[1, 4\]; expected .*\[1, 5\]/);
  expect((await refused('own.pt', '--heads', '6')).stderr).toMatch(/Brightness take no heads \(--heads\)/);
  const foreign = await refused('foreign.pt');
  expect(foreign.code).toBe(2);
  expect(foreign.stderr).toMatch(/- AstroMAE: .*is missing[^]*- Brightness: brightness\.weight is missing/);
});
