/*
 * Builds the public packages into their dist/ folders: node scripts/build.ts. What a built @cosmicai/deploy needs of the
 * repository, bundles of the functions among it, goes into its dist/product.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundle } from '../packages/deploy/src/index.ts';
import { root } from './packages.ts';

const FUNCTIONS = ['init', 'inference', 'summarize'];

/** Relative to the repository; stages of this checkout are its owner's. */
const PRODUCT = [
  'state-machine.asl.yml',
  'serverless.yml',
  'config/default.yml',
  'config/lambda-role.yml',
  'config/options.cjs',
  'infrastructure',
  'packages/payload/src/no-telemetry.json',
  ...FUNCTIONS.map((service) => `services/${service}/serverless.yml`),
  'services/rendezvous/Dockerfile',
  'services/rendezvous/.dockerignore',
  'services/rendezvous/dist/rendezvous.mjs',
];

/** Builds all; what is built already is built again only where its sources are newer. */
export async function build(): Promise<void> {
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', 'tsconfig.build.json'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  execFileSync(process.execPath, [join(root, 'services/rendezvous/build.ts')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const product = join(root, 'packages/deploy/dist/product');
  rmSync(product, { recursive: true, force: true });
  for (const path of PRODUCT) copy(join(root, path), join(product, path));
  for (const service of FUNCTIONS) {
    const { folder, files, description } = await bundle(service);
    for (const name of [...files, description])
      copy(join(folder, name), join(product, 'services', service, 'dist', name));
  }
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
}

if (import.meta.main) await build();
