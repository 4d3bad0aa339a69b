/*
 * Builds the public packages into their dist/ folders: node scripts/build.ts. What a built @cosmicai/deploy needs of the
 * repository, bundles of the functions among it, goes into its dist/product.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { bundle, taskBundle } from '../packages/deploy/src/index.ts';
import { publicPackages, root } from './packages.ts';

const FUNCTIONS = ['init', 'inference', 'summarize'];

/** Relative to the repository; stages of this checkout are its owner's. */
const PRODUCT = [
  'state-machine.asl.yml',
  'serverless.yml',
  'config/default.yml',
  'config/lambda-role.yml',
  'config/local.yml',
  'config/meeting-role.cjs',
  'config/options.cjs',
  'infrastructure',
  'packages/metrics/src/prices/us-east-1.json',
  'packages/payload/src/no-telemetry.json',
  'packages/payload/src/fargate-sizes.json',
  ...FUNCTIONS.map((service) => `services/${service}/serverless.yml`),
  'services/rendezvous/Dockerfile',
  'services/rendezvous/.dockerignore',
  'services/rendezvous/dist/rendezvous.mjs',
];

/** Builds all; what is built already is built again only where its sources are newer. */
export async function build(): Promise<void> {
  execFileSync(process.execPath, [join(root, 'node_modules/typescript-7/bin/tsc'), '-b', 'tsconfig.build.json'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  for (const { folder } of publicPackages()) removeStale(join(root, folder));
  execFileSync(process.execPath, [join(root, 'services/rendezvous/build.ts')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const product = join(root, 'packages/deploy/dist/product');
  rmSync(product, { recursive: true, force: true });
  for (const path of PRODUCT) copy(join(root, path), join(product, path));
  const made = [await taskBundle(), ...(await Promise.all(FUNCTIONS.map((service) => bundle(service))))];
  for (const { folder, files, description } of made)
    for (const name of [...files, description]) copy(join(folder, name), join(product, relative(root, folder), name));
}

/** What was built of sources that are there no longer would be packed too. */
function removeStale(folder: string): void {
  const built = join(folder, 'dist');
  for (const name of readdirSync(built, { recursive: true, encoding: 'utf8' })) {
    const [, source] = /^(?!product\b)(.*?)(?:\.d\.ts|\.js(?:\.map)?)$/.exec(name) ?? [];
    if (source !== undefined && !existsSync(join(folder, 'src', `${source}.ts`))) rmSync(join(built, name));
  }
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
}

if (import.meta.main) await build();
