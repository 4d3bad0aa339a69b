/** The pages of this repository whose commands are typed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPage, type Page } from './blocks.ts';
import { root } from './commands.ts';

/** The README first, as people read. */
export function pages(): ReadonlyMap<string, Page> {
  const folders = ['packages', 'services'].flatMap((name) =>
    readdirSync(join(root, name)).map((inner) => `${name}/${inner}`),
  );
  const names = [
    'README.md',
    'CONTRIBUTING.md',
    ...readdirSync(join(root, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
    ...[...folders, 'training'].map((folder) => `${folder}/README.md`),
  ];
  return new Map(
    names.flatMap((name) => {
      const text = textOf(name);
      return text === undefined ? [] : [[name, readPage(name, text)] as const];
    }),
  );
}

function textOf(name: string): string | undefined {
  try {
    return readFileSync(join(root, name), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
