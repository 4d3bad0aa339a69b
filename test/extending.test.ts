import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const text = readFileSync(join(root, 'docs/extending.md'), 'utf8');
/** Files that a section adds: named before the block that is their text. */
const added = new Set([...text.matchAll(/`(packages\/[^`]+\.ts)`(?:.|\n(?!\n))*\n\n```ts\n/g)].map(([, path]) => path));
const sections = text.split(/^(?=## Add )/m).slice(1);

describe('docs/extending.md', () => {
  it('has a section for each thing that can be added', () => {
    const titles = sections.map((section) => /^## Add an? (.+)/.exec(section)?.[1]);
    expect(titles).toEqual(['engine', 'store', 'source', 'model family', 'channel', 'plot']);
  });

  it.each(sections.map((section) => [/^## (.+)/.exec(section)?.[1] ?? '', section]))(
    '%s: names files that are there',
    (_title, section) => {
      const paths = [...section.matchAll(/`((?:packages|services|test|docs|training)\/[^`<\s]*|\.[a-z][\w-]*\.cjs)`/g)]
        .map(([, path = '']) => path)
        .filter((path) => !added.has(path));
      expect(paths.length).toBeGreaterThan(1);
      expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
      const links = [...section.matchAll(/\]\(([^)#]+)/g)].map(([, path = '']) => join(root, 'docs', path));
      expect(links.filter((path) => !existsSync(path))).toEqual([]);
      const modules = [...section.matchAll(/`@cosmicai\/([a-z]+)\/(\w+)`/g)].map(
        ([, name = '', module = '']) => `packages/${name}/src/${module}.ts`,
      );
      expect(modules.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    },
  );
});
