// `pnpm mutate`: changes the code of a target in every way that Stryker knows and tells which changes no test notices.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { schema } from '@stryker-mutator/api/core';
import { scoreOf, survivorsOf, writeScores } from './scores.ts';
import { TARGETS } from './targets.ts';
import { copyWorkspace } from './workspace-copy.ts';

const root = join(import.meta.dirname, '..', '..');
const cache = join(root, 'node_modules', '.cache', 'mutation');
const names = Object.keys(TARGETS);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    again: { type: 'boolean', default: false },
    survivors: { type: 'boolean', default: false },
    lines: { type: 'string' },
  },
});
const lines = values.lines === undefined ? undefined : Number(values.lines);
const wanted = positionals.includes('all') ? names : positionals;
const unknown = wanted.filter((name) => !names.includes(name));
const isWrong = lines !== undefined && !(Number.isInteger(lines) && lines > 0);
if (wanted.length === 0 || unknown.length > 0 || isWrong) {
  process.stderr.write(
    `${unknown.length > 0 ? `No target is called ${unknown.join(', ')}. ` : ''}Name some of: ${names.join(', ')}, or all.\n` +
      '--again forgets earlier results; --survivors only lists what the last run left; --lines 30 changes only the first so many lines of each file, a trial that is no score.\n',
  );
  process.exit(2);
}

for (const target of wanted) {
  if (!values.survivors) run(target);
  const report = reportOf(target);
  if (report === undefined) {
    process.stderr.write(`${target} has not been run yet: pnpm mutate ${target}\n`);
    process.exitCode = 1;
    continue;
  }
  for (const line of survivorsOf(report)) process.stdout.write(`${line}\n`);
  if (values.survivors) continue;
  if (lines !== undefined) continue;
  const commit = git('rev-parse', '--short=7', 'HEAD') + (git('status', '--porcelain') === '' ? '' : '+');
  const score = scoreOf(report, { target, commit, date: new Date().toISOString().slice(0, 10) });
  await writeScores(join(root, 'docs', 'testing.md'), [score], names);
  process.stdout.write(`${JSON.stringify(score)}\n`);
}

/** Mutants whose code and tests are as they were in an earlier run keep its result. */
function run(target: string): void {
  // Not below node_modules, where Node runs no TypeScript.
  const copy = mkdtempSync(join(tmpdir(), 'cosmicai-mutation-'));
  try {
    runIn(copy, target);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function runIn(copy: string, target: string): void {
  copyWorkspace(root, copy);
  const kept = resultsOf(target);
  mkdirSync(dirname(kept), { recursive: true });
  if (values.again) rmSync(kept, { force: true });
  const mutated = TARGETS[target];
  if (mutated === undefined) throw new Error(`No target is called ${target}.`);
  const { files, tests } = mutated;
  const expand = (globs: readonly string[]): string[] => globs.flatMap((glob) => globSync(glob, { cwd: root }).sort());
  const results = join(copy, 'results.json');
  if (existsSync(kept)) copyFileSync(kept, results);
  const settings = {
    testRunner: 'in-process',
    plugins: ['./scripts/mutation/runner.ts'],
    inProcess: { files: expand(tests) },
    mutate: expand(files).map((file) => (lines === undefined ? file : `${file}:1-${lines}`)),
    coverageAnalysis: 'perTest',
    concurrency: 1,
    // Of the copy.
    inPlace: true,
    tempDirName: '.stryker',
    cleanTempDir: 'always',
    checkers: [],
    disableTypeChecks: false,
    incremental: true,
    incrementalFile: 'results.json',
    reporters: ['progress-append-only'],
    // Beyond what the tests themselves took: endless loops mostly end by the number of their turns, and busy machines stall.
    timeoutMS: 30_000,
    dryRunTimeoutMinutes: 30,
    maxTestRunnerReuse: 250,
    warnings: { unknownOptions: false },
    allowConsoleColors: false,
  };
  writeFileSync(join(copy, 'stryker.json'), JSON.stringify(settings));
  const stryker = join('node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
  const { status } = spawnSync(process.execPath, [stryker, 'run', 'stryker.json'], {
    cwd: copy,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '--disable-warning=ExperimentalWarning' },
  });
  if (status !== 0) throw new Error(`Stryker ended with ${status} on ${target}.`);
  copyFileSync(results, kept);
}

function reportOf(target: string): schema.MutationTestResult | undefined {
  const file = resultsOf(target);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as schema.MutationTestResult) : undefined;
}

/** Where a target's last results lie; trials are kept apart. */
function resultsOf(target: string): string {
  return join(cache, lines === undefined ? 'results' : 'trials', `${target}.json`);
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}
