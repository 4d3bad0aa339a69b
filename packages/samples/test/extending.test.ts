import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A block of docs/extending.md that names the file it is about. */
interface Block {
  readonly path: string;
  readonly language: string;
  readonly text: string;
}

const here = join(import.meta.dirname, '..');
const section =
  readFileSync(join(here, '../../docs/extending.md'), 'utf8')
    .split(/^## /m)
    .find((part) => part.startsWith('Add a source')) ?? '';

/** Blocks after a paragraph that names a file of this package. */
function blocksOf(text: string): Block[] {
  const found = text.matchAll(/((?:^.+\n)+)\n```(ts|diff)\n([^]*?)^```/gm);
  return [...found].map(([, paragraph = '', language = '', block = '']) => {
    const path = /`packages\/samples\/([^`]+\.ts)`/.exec(paragraph)?.[1];
    if (path === undefined) throw new Error(`no file is named before this block of docs/extending.md:\n${block}`);
    return { path, language, text: block };
  });
}

/** Lines of a diff that were there, or are there afterwards. */
function side(diff: string, left: string): string {
  return diff
    .split('\n')
    .filter((line) => line.startsWith(' ') || line.startsWith(left) || line === '')
    .map((line) => line.slice(1))
    .join('\n');
}

function apply(folder: string, { path, language, text }: Block): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  if (language === 'ts') {
    writeFileSync(file, text);
    return;
  }
  const before = readFileSync(file, 'utf8');
  const [old, changed] = [side(text, '-'), side(text, '+')];
  if (!before.includes(old)) throw new Error(`the diff of ${path} in docs/extending.md doesn't fit:\n${before}`);
  writeFileSync(
    file,
    before.replace(old, () => changed),
  );
}

const blocks = blocksOf(section);
// Within this package, so that its dependencies are found.
const copy = mkdtempSync(join(import.meta.dirname, '.extended-'));
afterAll(() => rmSync(copy, { recursive: true, force: true }));
cpSync(join(here, 'src'), join(copy, 'src'), { recursive: true });
for (const block of blocks) apply(copy, block);

describe('the text of docs/extending.md', () => {
  it('adds a source by a folder, a line and a test', () => {
    expect(blocks.map(({ path, language }) => `${language} ${path}`)).toEqual([
      'ts src/cube/cube-format.ts',
      'diff src/formats.ts',
      'ts test/cube.test.ts',
    ]);
  });
});

// Registers the suite for the source that was added.
for (const { path } of blocks.filter((block) => block.path.startsWith('test/'))) await import(join(copy, path));
