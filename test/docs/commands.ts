/** Command lines: which program they name, and whether that knows what they say. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { terminalOf } from '../../packages/cli/src/output/terminal.ts';
import { programFor } from '../../packages/cli/src/program.ts';

export const root = join(import.meta.dirname, '../..');

type Command = Awaited<ReturnType<typeof programFor>>;

const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> })
  .scripts;

/** Words of a command line, without quotes; variables before it are left out. */
export function wordsOf(line: string): string[] {
  const words = line.match(/(?:"[^"]*"|'[^']*'|\$\([^)]*\)|[^\s"'])+/g) ?? [];
  const unquoted = words.map((word) => word.replaceAll(/^["']|["']$/g, ''));
  const first = unquoted.findIndex((word) => !/^[A-Z_]+=/.test(word));
  return first === -1 ? [] : unquoted.slice(first);
}

/**
 * What `cosmicai` gets of a command line, however it is started; undefined when the line starts something else. What follows a pipe,
 * a semicolon or `>` is not its own.
 */
export function cosmicaiArgs(line: string): string[] | undefined {
  let words = wordsOf(line);
  const end = words.findIndex((word) => /^(\||>|2>|;|&&)$/.test(word));
  if (end !== -1) words = words.slice(0, end);
  if (words[0] === 'npx') words = words.slice(words[1] === '-y' ? 2 : 1);
  if (/^pnpm(@|$)/.test(words[0] ?? '')) {
    if (words[1] === 'deploy:stage') return ['deploy', ...words.slice(2)];
    if (words[1] === 'remove:stage') return ['remove', ...words.slice(2)];
    words = words.slice(1);
  } else if (words[0] === 'npm') {
    const own = words.slice(words[2] === '--' || words[3] === '--' ? words.indexOf('--') + 1 : words.length);
    if (words[1] === 'start') return ['demo', ...own];
    words = words[1] === 'run' && words[2] === 'cosmicai' ? ['cosmicai', ...own] : [];
  }
  return words[0] === 'cosmicai' ? words.slice(1) : undefined;
}

/** The command that a line of arguments is for, with its options. */
export async function commandFor(args: readonly string[]): Promise<Command> {
  let command = await programFor(args, silent().terminal);
  for (const word of args) {
    const inner = command.commands.find((candidate) => candidate.name() === word);
    if (inner === undefined) break;
    command = inner;
  }
  return command;
}

/** Why `cosmicai` would not take these arguments; undefined when it would. Nothing is done. */
export async function whyRefused(args: readonly string[]): Promise<string | undefined> {
  if (args[0] === 'rendezvous') return unknownToServer(args.slice(1));
  const { terminal, said } = silent();
  const program = await programFor(args, terminal);
  const disarm = (command: Command) => {
    if (command.commands.length === 0) command.action(() => undefined);
    command.commands.forEach(disarm);
  };
  disarm(program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return undefined;
  } catch (error) {
    if ((error as { readonly exitCode?: number }).exitCode === 0) return undefined;
    return said() || String(error);
  }
}

function unknownToServer(args: readonly string[]): string | undefined {
  const source = readFileSync(join(root, 'services/rendezvous/src/settings.ts'), 'utf8');
  return args.find((word) => word.startsWith('--') && !source.includes(`${word} `) && word !== '--help');
}

/** Why another program than `cosmicai` would not take a line, as far as this repository can tell. */
export function whyNotThere(line: string): string | undefined {
  const words = wordsOf(line);
  const [program = '', ...typed] = words[0] === 'npx' ? words.slice(words[1] === '-y' ? 2 : 1) : words;
  // In a folder of the clone.
  const args = typed[0] === '-C' ? typed.slice(2) : typed;
  if (typed[0] === '-C' && !isThere(typed[1] ?? '')) return `there is no ${typed[1] ?? ''} in this repository`;
  for (const word of args)
    if (/^(services|packages|training|scripts|config|test)\//.test(word) && !isThere(word))
      return `there is no ${word} in this repository`;
  const name = args[0] === 'run' ? args[1] : args[0];
  if (/^p?npm(@|$)/.test(program) && name !== undefined && !BUILT_IN.has(name)) {
    const script = scripts[name];
    return script === undefined ? `package.json has no script ${name}` : unknownOption(script, args);
  }
  return /^(node|python3?|torchrun)$/.test(program) ? unknownOption(line, args) : undefined;
}

/** Whether what a line starts, which is not `cosmicai`, takes an option: what it starts names it. */
export function takes(line: string, option: string): boolean {
  if (line.includes(`${option} `)) return true;
  if (line === 'npm test') return option === '--runTestsByPath';
  const words = wordsOf(line).filter((word) => !/^(npx|p?npm|run)$/.test(word));
  const [file] = /\S+\.(ts|mjs|py)\b/.exec(scripts[words[0] ?? ''] ?? line) ?? [];
  if (file?.endsWith('.py')) return readFileSync(join(root, file), 'utf8').includes(`"${option}"`);
  return file !== undefined && unknownOption(file, [option]) === undefined;
}

const BUILT_IN = new Set(['install', 'start', 'test', '--filter', 'sls']);

/** Made by the commands before, on a machine that has what they need. */
function isThere(path: string): boolean {
  return path.startsWith('training/runs/') || existsSync(join(root, path));
}

/** Options are looked for in the source of what is run, which has to name them. */
function unknownOption(command: string, args: readonly string[]): string | undefined {
  const [file] = /\S+\.(ts|mjs|py)\b/.exec(command) ?? [];
  if (file === undefined) return undefined;
  const source = readFileSync(join(root, file), 'utf8');
  const mine = args.slice(args.indexOf(file) + 1).filter((word) => /^--[a-z]/.test(word) && word !== '--help');
  const unknown = mine.find((option) => !new RegExp(String.raw`(${option}|\b${option.slice(2)}\b)`).test(source));
  return unknown === undefined ? undefined : `${file} knows no ${unknown}`;
}

function silent() {
  const lines: string[] = [];
  const stream = () =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(chunk.toString());
        done();
      },
    });
  const surroundings = { interactive: false, environment: {}, cwd: root, signal: new AbortController().signal };
  const terminal = terminalOf({ stdout: stream(), stderr: stream() }, surroundings);
  return { terminal, said: () => lines.join('') };
}
