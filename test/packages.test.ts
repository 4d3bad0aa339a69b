import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectedFiles, expectedRoot, ownDependencies, publicPackages, root } from '../scripts/packages.ts';

const all = publicPackages();
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const MEND = 'node scripts/packages.ts mends it';

describe.each(all.map((each) => [each.description.name, each] as const))('%s', (_name, each) => {
  it(`is described as every package is that others can install (${MEND})`, () => {
    for (const [path, expected] of expectedFiles(each, all)) {
      const text = read(path);
      if (path.endsWith('package.json')) expect(JSON.parse(text)).toEqual(JSON.parse(expected));
      else expect(text).toBe(expected);
    }
  });

  it('is told in a README and a line of its own', () => {
    expect(read(`${each.folder}/README.md`)).toMatch(/^# /);
    expect(each.description).toHaveProperty('description', expect.stringMatching(/\w{3}/));
  });

  it('asks for as new a Node as what it needs, unless it brings one', () => {
    if (each.description.bin !== undefined) return;
    const own = oldestNode(each.description.engines?.node);
    for (const [name, { engines }] of needs(each.folder)) {
      const theirs = oldestNode(engines?.node);
      expect({ name, isNewer: compare(theirs, own) > 0 }).toEqual({ name, isNewer: false });
    }
  });
});

it(`all are built (${MEND})`, () => {
  expect(read('tsconfig.build.json')).toBe(expectedRoot(all));
});

it('the command needs no private package', () => {
  const names = new Set(all.map(({ description }) => description.name));
  for (const { description } of all)
    expect(ownDependencies(description).filter((name) => !names.has(name))).toEqual([]);
});

type Described = { readonly engines?: Readonly<Record<string, string>> };

/** What a package needs when it runs, as it is installed. */
function needs(folder: string): (readonly [name: string, description: Described])[] {
  const { dependencies = {} } = JSON.parse(read(`${folder}/package.json`)) as {
    dependencies?: Readonly<Record<string, string>>;
  };
  return Object.keys(dependencies).map((name) => {
    const description = JSON.parse(read(`${folder}/node_modules/${name}/package.json`)) as Described;
    return [name, description];
  });
}

/** The oldest version that a range of the kind `>=22.14` or `^20 || >=22` takes. */
function oldestNode(range = '>=0'): readonly [number, number] {
  const [, major = '0', minor = '0'] = /(\d+)(?:\.(\d+))?/.exec(range) ?? [];
  return [Number(major), Number(minor)];
}

function compare(a: readonly [number, number], b: readonly [number, number]): number {
  return a[0] - b[0] || a[1] - b[1];
}
