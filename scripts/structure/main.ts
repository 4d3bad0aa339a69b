// `pnpm check:structure`: how large the packages are, and through how many files a command comes to its engine's start.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CallGraph, type Place } from './call-chain.ts';

const root = join(import.meta.dirname, '..', '..');
const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });

/** Shares of all source lines, and files on the way: more than these is a house with one big room, or a maze. */
const LARGEST_PACKAGE = 0.16;
const LARGEST_CLI = 0.08;
const WAYS = [
  {
    command: 'run',
    most: 8,
    open: { file: 'packages/local/src/engine/local-engine.ts', name: 'localEngine' },
    start: { file: 'packages/local/src/run/run-locally.ts', name: 'runLocally' },
  },
  {
    command: 'run --target aws',
    most: 10,
    open: { file: 'packages/aws/src/engine/aws-engine.ts', name: 'awsEngine' },
    start: { file: 'packages/aws/src/services/workflow-service.ts', name: 'start' },
  },
] as const satisfies readonly { command: string; most: number; open: Place; start: Place }[];

const packages = linesByPackage();
const total = packages.reduce((sum, { lines }) => sum + lines, 0);
const graph = new CallGraph(root, 'packages/cli/src/main.ts');
const ways = WAYS.map(({ command, most, open, start }) => ({ command, most, files: filesTo(open, start) }));
const problems = [
  ...packages.flatMap(({ name, lines }) => {
    const allowed = name === 'packages/cli' ? LARGEST_CLI : LARGEST_PACKAGE;
    const share = lines / total;
    return share < allowed ? [] : [`${name} has ${percent(share)} of all lines: expected under ${percent(allowed)}`];
  }),
  ...ways.flatMap(({ command, files, most }) =>
    files.length <= most ? [] : [`${command} goes through ${files.length} files: expected at most ${most}`],
  ),
];
const print = (text: string) => process.stdout.write(`${text}\n`);
if (values.json) print(JSON.stringify({ total, packages, ways, problems }, null, 2));
else {
  for (const { name, lines } of packages)
    print(`${String(lines).padStart(6)}  ${percent(lines / total).padStart(6)}  ${name}`);
  for (const { command, files } of ways) print(`\n${command}: ${files.length} files\n  ${files.join('\n  ')}`);
}
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

function linesByPackage(): { readonly name: string; readonly lines: number }[] {
  const lines = new Map<string, number>();
  for (const file of globSync('{packages,services}/*/src/**/*.ts', { cwd: root })) {
    const name = file.split('/', 2).join('/');
    const count = readFileSync(join(root, file), 'utf8').split('\n').length - 1;
    lines.set(name, (lines.get(name) ?? 0) + count);
  }
  return [...lines].map(([name, count]) => ({ name, lines: count })).sort((a, b) => b.lines - a.lines);
}

/** Files from the command line to where an engine starts an execution, each once, in their order. */
function filesTo(open: Place, start: Place): string[] {
  const command = { file: 'packages/cli/src/commands/run.ts', name: 'runCommand' };
  const port = { file: 'packages/engine/src/engine.ts', name: 'start' };
  const ways = [
    graph.chain({ file: 'packages/cli/src/program.ts', name: 'runCli' }, command),
    graph.chain(command, open),
    // The port leads to whatever was opened.
    graph.chain(command, port).slice(0, -1),
    graph.chain(open, start),
  ];
  return [...new Set(['packages/cli/src/main.ts', ...ways.flat().map(({ file }) => file)])];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
