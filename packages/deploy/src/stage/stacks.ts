import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inRepository, root } from '../root.ts';

const require = createRequire(import.meta.url);

/** The framework's program, for `node`. */
export const FRAMEWORK = join(packageFolder('serverless'), 'bin/serverless.js');

export interface Stacks extends AsyncDisposable {
  /** Holds `serverless.yml` and the folders of the other stacks. */
  readonly folder: string;
}

/**
 * The folder in which the framework runs. It writes beside the stacks, so those of an installed package, which may belong to
 * somebody else, are copied for as long as they are used.
 */
export async function openStacks(): Promise<Stacks> {
  if (inRepository) return { folder: root, [Symbol.asyncDispose]: () => Promise.resolve() };
  const folder = await mkdtemp(join(tmpdir(), 'cosmicai-stacks-'));
  await cp(root, folder, { recursive: true });
  // What the stacks and their options load from where they lie.
  await mkdir(join(folder, 'node_modules'));
  for (const name of ['serverless-step-functions', 'yaml'])
    await symlink(packageFolder(name), join(folder, 'node_modules', name), 'junction');
  const plugins = join(folder, 'packages/deploy/src/framework');
  await mkdir(plugins, { recursive: true });
  for (const name of ['plugin', 'root-plugin']) {
    const built = join(import.meta.dirname, `../framework/${name}.js`);
    await writeFile(join(plugins, `${name}.cjs`), `module.exports = require(${JSON.stringify(built)}).default;\n`);
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

function packageFolder(name: string): string {
  return dirname(require.resolve(`${name}/package.json`));
}
