// `npm test`: sets everything up and runs every check; with --all the long tests too. Arguments go to Jest alone, without the other checks.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { binaries, environment, node, root, setUp } from './setup.mjs';

const all = process.argv.includes('--all');
const wanted = process.argv.slice(2).filter((argument) => argument !== '--all');
// Tests of a package are started by the package manager, side by side: what is installed then is as it should be.
if (wanted.length === 0 || !existsSync(join(binaries, 'jest'))) setUp();

if (wanted.length === 0) await check();

// A folder is itself and not what has its name in its path.
const first = jest(wanted.map((part) => (isFolder(join(root, part)) ? `${join(root, part)}/` : part)));
const failed = first.testResults.filter(({ status }) => status === 'failed').map(({ name }) => relative(root, name));
const again = wanted.length === 0 && !first.wasInterrupted ? alone(failed) : { failed, flaky: [] };

const late = again.flaky.reduce((sum, { file }) => sum + failuresOf(first, file).length, 0);
console.log(
  `${first.numPassedTests + late} passed, ${first.numFailedTests - late} failed, ${first.numPendingTests} skipped`,
);
for (const { file, titles } of again.flaky) {
  console.log(`Failed beside others and passed alone, so it depends on time or load: ${file}: ${titles.join('; ')}`);
}
for (const file of again.failed) console.log(`Failed: ${file}: ${titlesOf(first, file).join('; ')}`);
// Jest fails for other reasons too.
if (again.failed.length > 0 || (first.status !== 0 && failed.length === 0)) process.exitCode = 1;

/** Runs the checks, as many at once as there are cores, the longest first; a failure ends this process with the same exit code. */
async function check() {
  const checks = [
    ['lint', 'eslint', ['.', '--max-warnings', '0']],
    ['types', node, [join(root, 'node_modules/typescript-7/bin/tsc'), '-p', 'tsconfig.json']],
    ['format', 'prettier', ['--check', '--log-level', 'warn', '.']],
    ['arrows', 'depcruise', ['--config', '.dependency-cruiser.cjs', '--output-type', 'err', 'packages', 'services']],
    ['unused code', 'knip', []],
    ['structure', node, [join(root, 'scripts', 'structure', 'main.ts')]],
  ];
  const work = checks.values();
  const worker = async () => {
    for (const [name, command, args] of work) {
      const end = await ended(command, args);
      console.log(`check: ${name}${end.code === 0 ? '' : ' failed'}\n${end.code === 0 ? '' : end.output}`.trimEnd());
      if (end.code !== 0) process.exitCode = end.code ?? 1;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  if (process.exitCode) process.exit();
}

async function ended(command, args) {
  const child = spawn(command, args, { cwd: root, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [code] = await once(child, 'close');
  return { code, output };
}

/**
 * Files that failed beside others run once more, one at a time. A counterexample that was drawn at random stays a failure, though it
 * is not drawn again.
 */
function alone(files) {
  const hopeless = files.filter((file) => messagesOf(first, file).includes('Property failed after'));
  const rest = files.filter((file) => !hopeless.includes(file));
  if (rest.length === 0) return { failed: hopeless, flaky: [] };
  console.log(`Once more, alone: ${rest.join(', ')}`);
  const second = jest(['--runInBand', '--runTestsByPath', ...rest]);
  const passed = rest.filter((file) => resultOf(second, file)?.status === 'passed');
  return {
    failed: files.filter((file) => !passed.includes(file)),
    flaky: passed.map((file) => ({ file, titles: titlesOf(first, file) })),
  };
}

function isFolder(path) {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Runs Jest to its end, whatever that is. */
function jest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'cosmicai-tests-'));
  const results = join(folder, 'results.json');
  try {
    const options = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    const program = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
    const { status } = spawnSync(node, [...options, program, '--json', '--outputFile', results, ...args], {
      cwd: root,
      env: { ...environment, ...(all && { COSMICAI_TESTS: 'all' }) },
      stdio: 'inherit',
    });
    if (!existsSync(results)) process.exit(status ?? 1);
    return { ...JSON.parse(readFileSync(results, 'utf8')), status };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function resultOf(results, file) {
  return results.testResults.find(({ name }) => relative(root, name) === file);
}

function failuresOf(results, file) {
  return resultOf(results, file)?.assertionResults.filter(({ status }) => status === 'failed') ?? [];
}

function titlesOf(results, file) {
  const failures = failuresOf(results, file);
  return failures.length > 0 ? failures.map(({ fullName }) => fullName) : ['the whole file'];
}

function messagesOf(results, file) {
  const result = resultOf(results, file);
  return [result?.message, ...(result?.assertionResults ?? []).flatMap((test) => test.failureMessages)].join('\n');
}
