import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A block of docs/extending.md that names the file it is about, within its package. */
interface Block {
  readonly path: string;
  readonly language: string;
  readonly text: string;
}

/** A package changed as a section of docs/extending.md says, in a folder of its own. */
export interface Extended {
  /** `ts src/…` for a new file, `diff src/…` for a change, in the order of the text. */
  readonly changes: readonly string[];
  /** The copy of the package. */
  readonly folder: string;
  /** Absolute paths of the tests that the text adds. */
  readonly tests: readonly string[];
  remove(): void;
}

const root = join(import.meta.dirname, '..');

/**
 * Applies a section to a copy of a package's sources and tests, which lies within the package, so that its dependencies are found.
 *
 * @throws Error when a block names no file of the package, or a diff doesn't fit
 */
export function extendedBy(title: string, packageName: string): Extended {
  const section =
    readFileSync(join(root, 'docs/extending.md'), 'utf8')
      .split(/^## /m)
      .find((part) => part.startsWith(title)) ?? '';
  const blocks = blocksOf(section, packageName);
  const folder = join(root, 'packages', packageName);
  const copy = mkdtempSync(join(folder, '.extended-'));
  for (const part of ['src', 'test']) cpSync(join(folder, part), join(copy, part), { recursive: true });
  for (const block of blocks) apply(copy, block);
  return {
    changes: blocks.map(({ path, language }) => `${language} ${path}`),
    folder: copy,
    tests: blocks.flatMap(({ path }) => (path.startsWith('test/') ? [join(copy, path)] : [])),
    remove: () => rmSync(copy, { recursive: true, force: true }),
  };
}

/** Blocks after a paragraph that names a file of the package. */
function blocksOf(text: string, packageName: string): Block[] {
  const found = text.matchAll(/((?:^.+\n)+)\n```(ts|diff)\n([^]*?)^```/gm);
  return [...found].map(([, paragraph = '', language = '', block = '']) => {
    const path = new RegExp(`\`packages/${packageName}/([^\`]+\\.ts)\``).exec(paragraph)?.[1];
    if (path === undefined) throw new Error(`no file is named before this block of docs/extending.md:\n${block}`);
    return { path, language, text: block };
  });
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

/** Lines of a diff that were there, or are there afterwards. */
function side(diff: string, left: string): string {
  return diff
    .split('\n')
    .filter((line) => line.startsWith(' ') || line.startsWith(left) || line === '')
    .map((line) => line.slice(1))
    .join('\n');
}
