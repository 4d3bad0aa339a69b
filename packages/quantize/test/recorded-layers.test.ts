import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserInputError } from '@cosmicai/payload';
import { readLayers } from '../src/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cosmicai-layers-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it.each([
  ['no JSON', 'a secret', /^\S+choice records no choice of layers: give "measured", "all", a model/],
  ['JSON of something else', '[{"secret": 1}]', /^\S+choice records no choice of layers: /],
  [
    'not there',
    undefined,
    /^The choice of layers can't be read from \S+choice: there is no such file; give "measured"/,
  ],
])('a choice of layers that is %s is refused in our words alone', async (_, content, message) => {
  const path = join(folder, 'choice');
  if (content !== undefined) writeFileSync(path, content);
  const error = (await readLayers(path).catch((thrown: unknown) => thrown)) as Error;
  expect(error).toBeInstanceOf(UserInputError);
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain('secret');
});
