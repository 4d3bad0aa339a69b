/*
 * What every package under packages/ that others can install has in common: node scripts/packages.ts writes it into their
 * files; test/packages.test.ts checks that it stands there.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');

export interface PackageFile {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly files?: readonly string[];
  readonly engines?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly publishConfig?: { readonly exports?: Readonly<Record<string, BuiltExport | string>> };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface BuiltExport {
  readonly types: string;
  readonly default: string;
}

/** A package that others can install. */
export interface PublicPackage {
  /** Relative to the repository. */
  readonly folder: string;
  readonly description: PackageFile;
}

const LICENSE = 'Apache-2.0';
const ENGINES = { node: '>=20' };

/** The packages of packages/ that are not private, by folder. */
export function publicPackages(): PublicPackage[] {
  return readdirSync(join(root, 'packages'))
    .sort()
    .map((name) => ({ folder: `packages/${name}`, description: readPackage(`packages/${name}`) }))
    .filter(({ description }) => description.private !== true);
}

function readPackage(folder: string): PackageFile {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as PackageFile;
}

/** Names of the packages of this repository that a package needs when it runs. */
export function ownDependencies({ dependencies = {} }: PackageFile): string[] {
  return Object.entries(dependencies)
    .filter(([, version]) => version.startsWith('workspace:'))
    .map(([name]) => name);
}

/** The files that describe a package, as they must be: text by path relative to the repository. */
export function expectedFiles(
  { folder, description }: PublicPackage,
  all: readonly PublicPackage[],
): ReadonlyMap<string, string> {
  const folders = new Map(all.map((each) => [each.description.name, each.folder]));
  const references = ownDependencies(description).map((name) => {
    const needed = folders.get(name);
    if (needed === undefined) throw new Error(`${folder} needs ${name}, which is private: nobody could install it.`);
    return { path: `../${needed.replace('packages/', '')}/tsconfig.build.json` };
  });
  return new Map([
    [`${folder}/package.json`, text(completed(description))],
    [`${folder}/tsconfig.build.json`, text({ extends: buildOptions(description), references })],
  ]);
}

/** tsconfig.library.json knows what Node 20 has; a package that asks for more, or brings a newer Node, may use more. */
function buildOptions({ engines = ENGINES, bin }: PackageFile): string {
  const mayUseMore = engines.node !== ENGINES.node || bin !== undefined;
  return mayUseMore ? '../../tsconfig.node22.json' : '../../tsconfig.library.json';
}

/** The root project, which builds all in the order of their arrows. */
export function expectedRoot(all: readonly PublicPackage[]): string {
  return text({ files: [], references: all.map(({ folder }) => ({ path: `./${folder}/tsconfig.build.json` })) });
}

/** In the repository a package's `exports` are its sources; pnpm puts those of `publishConfig` in their place when it packs. */
function completed(description: PackageFile): PackageFile {
  const { exports, files = [], engines = ENGINES, publishConfig } = description;
  const built = exports && Object.fromEntries(Object.entries(exports).map(([path, source]) => [path, builtOf(source)]));
  return {
    ...description,
    ...{ license: LICENSE, type: 'module', engines },
    files: [...new Set(['dist', '!dist/.tsbuildinfo', ...files])],
    ...(built && { publishConfig: { ...publishConfig, exports: built } }),
  };
}

function builtOf(source: string): BuiltExport | string {
  if (!source.endsWith('.ts')) return source;
  const built = source.replace('/src/', '/dist/').replace(/\.ts$/, '');
  return { types: `${built}.d.ts`, default: `${built}.js` };
}

function text(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

if (import.meta.main) {
  const all = publicPackages();
  for (const each of all)
    for (const [path, content] of expectedFiles(each, all)) writeFileSync(join(root, path), content);
  writeFileSync(join(root, 'tsconfig.build.json'), expectedRoot(all));
}
