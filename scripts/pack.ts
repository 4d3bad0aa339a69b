/*
 * Packs every public package as a tarball, and the command with those that it needs inside: node scripts/pack.ts [folder].
 * Nothing but third-party packages has to come from a registry then.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from './build.ts';
import { publicPackages, root, type PackageFile } from './packages.ts';
import { PNPM } from './setup.mjs';

const COMMAND = 'cosmicai';

interface Packed {
  /** Tarballs by the names of their packages; that of the command holds all it needs. */
  readonly tarballs: ReadonlyMap<string, string>;
}

/**
 * Builds and packs.
 *
 * @param folder receives the tarballs
 */
async function pack(folder: string): Promise<Packed> {
  await build();
  mkdirSync(folder, { recursive: true });
  const packages = publicPackages();
  const filters = packages.flatMap(({ description }) => ['--filter', description.name]);
  run('npx', ['-y', PNPM, '--recursive', ...filters, 'pack', '--pack-destination', folder], root);
  const files = readdirSync(folder);
  const tarballs = new Map(
    packages.map(({ description: { name, version } }) => {
      const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
      if (!files.includes(file)) throw new Error(`pnpm packed no ${file}.`);
      return [name, join(folder, file)];
    }),
  );
  composeCommand(tarballs);
  return { tarballs };
}

/** Puts the packages of this repository that the command needs into its tarball, and what those need on its list. */
function composeCommand(tarballs: ReadonlyMap<string, string>): void {
  const command = tarballs.get(COMMAND);
  if (command === undefined) throw new Error(`${COMMAND} is not among the packages.`);
  const stage = mkdtempSync(join(tmpdir(), 'cosmicai-pack-'));
  try {
    const own = unpack(command, stage);
    const inside = new Map<string, PackageFile>();
    const add = ({ dependencies = {} }: PackageFile) => {
      for (const name of Object.keys(dependencies)) {
        const tarball = tarballs.get(name);
        if (tarball === undefined || inside.has(name)) continue;
        const description = unpack(tarball, join(stage, 'node_modules', name));
        inside.set(name, description);
        // npm takes what a package inside needs to be inside too, and installs it nowhere.
        write(join(stage, 'node_modules', name), { ...description, dependencies: {} });
        add(description);
      }
    };
    add(own);
    const all = Object.assign({}, ...[...inside.values(), own].map(({ dependencies }) => dependencies)) as object;
    const description = {
      ...own,
      // npm leaves out of the tarball what is on both lists.
      devDependencies: {},
      dependencies: Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1))),
      bundleDependencies: [...inside.keys()].sort(),
      scripts: { preinstall: 'node dist/trim-runtime.js' },
    };
    write(stage, description);
    run('npm', ['pack', '--silent', '--pack-destination', resolve(command, '..')], stage);
  } finally {
    rmSync(stage, { recursive: true });
  }
}

function unpack(tarball: string, folder: string): PackageFile {
  mkdirSync(folder, { recursive: true });
  run('tar', ['-xzf', tarball, '--strip-components=1', '-C', folder], root);
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageFile;
}

function write(folder: string, description: PackageFile): void {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(description, null, 2)}\n`);
}

function run(program: string, args: readonly string[], cwd: string): void {
  execFileSync(program, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}

if (import.meta.main) {
  const { tarballs } = await pack(resolve(process.argv[2] ?? 'dist'));
  for (const path of tarballs.values()) process.stdout.write(`${path}\n`);
}
