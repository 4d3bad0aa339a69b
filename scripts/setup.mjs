import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');

// Pinned here and not in package.json's packageManager field: that field makes pnpm fetch itself again on frozen installs.
export const PNPM = 'pnpm@12.21.0';
const OLDEST_NODE = 20;

export const binaries = join(root, 'node_modules', '.bin');

/** Node 24 from the root devDependency `node`, whatever the system's own Node is. */
export const node = join(binaries, 'node');
/** Commands start in half the time. Node's own place for it has a name that other users of the machine can foresee. */
export const compiled = join(root, 'node_modules', '.cache', 'node');
export const environment = {
  ...process.env,
  PATH: `${binaries}${delimiter}${process.env.PATH}`,
  NODE_COMPILE_CACHE: compiled,
};

/** Installs the pinned dependencies when they are not there or not of this lock file. */
export function setUp() {
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
    console.error(`CosmicAI needs Node ${OLDEST_NODE} or newer to set itself up; this is ${process.version}.`);
    process.exit(1);
  }
  const stamp = join(root, 'node_modules', '.cosmicai-installed');
  const wanted = createHash('sha256');
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'])
    wanted.update(readFileSync(join(root, file)));
  const digest = wanted.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  console.error('Installing dependencies (once; about 850 MB on disk) …');
  run('npx', ['-y', '--loglevel', 'error', PNPM, 'install', '--frozen-lockfile', '--reporter', 'append-only'], {
    quiet: true,
  });
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(stamp, digest);
}

/** Runs a command to its end; a failure ends this process with the same exit code. */
export function run(command, args, { quiet = false } = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    env: environment,
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status === 0) return;
  if (quiet) console.error(`${stdout ?? ''}${stderr ?? ''}`);
  console.error(
    error ? `${command} can't be run: ${error.message}` : `${command} ${args.join(' ')} failed (exit code ${status}).`,
  );
  process.exit(status ?? 1);
}
