import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './stacks.ts';

/** The one place that uses a fixed name among the temporary files; it trusts nothing that lies there. */
const OWN_FOLDER = 'packages/inference/src/own-folder.ts';
/** `tmpdir()` as what a new folder's name begins with, or the import of it; where a container of its own stands when it starts. */
const HARMLESS = /mkdtemp(Sync)?\(join\(tmpdir\(\), |^import |^\s+WorkingDir: /;

it('programs make new folders among the temporary files, whose names nobody can foresee', async () => {
  const lines = (await Promise.all(['packages', 'services', 'scripts', 'config'].map(linesBelow))).flat();
  const using = lines.filter(({ text }) => /\btmpdir\b|['"`]\/(var\/)?tmp\b/.test(text));
  // The folder of one's own and that of a probe, at the least.
  expect(using.length).toBeGreaterThanOrEqual(4);
  const foreseen = using.filter(({ path, text }) => path !== OWN_FOLDER && !HARMLESS.test(text));
  expect(foreseen).toEqual([]);
});

async function linesBelow(folder: string): Promise<{ path: string; text: string }[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true, recursive: true });
  const paths = entries
    .filter((entry) => entry.isFile() && /\.(ts|mjs|cjs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((path) => !/(^|\/)(node_modules|dist|test)\//.test(path));
  const texts = await Promise.all(
    paths.map(async (path) => ({ path, text: await readFile(join(root, path), 'utf8') })),
  );
  return texts.flatMap(({ path, text }) => text.split('\n').map((line) => ({ path, text: line })));
}
