import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserInputError } from '@cosmicai/payload';
import { loadDefinition } from '../src/index.ts';
import { resultTarget } from '../src/map/result-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'cosmicai-load-'));
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ['that is not there', undefined, /^Cannot read .*machine\.yml as a state machine/],
  ['of neither JSON nor YAML', '{"StartAt": [', /machine\.yml is neither JSON nor YAML: /],
  ['that refers to itself', '&a [*a]', /machine\.yml has \d+ problem/],
])('a definition %s is refused with its file', (_what, text, message) => {
  const file = join(folder, 'machine.yml');
  rmSync(file, { force: true });
  if (text !== undefined) writeFileSync(file, text);
  expect(() => loadDefinition(file, {})).toThrow(UserInputError);
  expect(() => loadDefinition(file, {})).toThrow(message);
});

it.each([[{}], [{ Bucket: 1 }], [{ Bucket: 'b', Prefix: 1 }], [['b']]])(
  'a ResultWriter with the parameters %j is refused as Step Functions does',
  async (parameters) => {
    const target = resultTarget({ Parameters: parameters }, {}, {});
    await expect(target).rejects.toMatchObject({
      name: 'States.ResultWriterFailed',
      message: expect.stringContaining('expected {Bucket, Prefix} with text') as unknown,
    });
  },
);
