import { linkSync, readFileSync, symlinkSync } from 'node:fs';
import { Workspace } from './support/workspace.ts';

const workspace = new Workspace();
beforeAll(() => workspace.survey('parts', { count: 4, files: 1 }));
afterAll(() => workspace.remove());

/** The same file under other names, with endings that predictions may have. */
const NAMES = ['the file itself.csv', 'hard.csv', 'soft.parquet'];

it.each(NAMES)('predictions don’t take the place of what they are made of, called %s', async (name) => {
  const before = readFileSync(workspace.path('parts/1.pt'));
  const out = workspace.path(name);
  if (name.startsWith('soft')) symlinkSync(workspace.path('parts/1.pt'), out);
  else linkSync(workspace.path('parts/1.pt'), out);
  const read = name.startsWith('the') ? out : 'parts/1.pt';
  const { code, stderr } = await workspace.inProcess(['infer', read, '--out', out]);
  expect(code).toBe(2);
  expect(stderr).toContain(`${out} is one of the files that are read: name another for what is written.`);
  expect(readFileSync(workspace.path('parts/1.pt')).equals(before)).toBe(true);
});

it('a quantised model doesn’t take the place of its model', async () => {
  const { code, stderr } = await workspace.inProcess([
    'model',
    'quantize',
    'fast.onnx',
    '--data',
    'parts',
    '-o',
    'fast.onnx',
  ]);
  expect(code).toBe(2);
  expect(stderr).toContain('is one of the files that are read');
});
