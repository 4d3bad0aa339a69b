/* What pages, and the command's own help, say of commands and options: that they exist, so spelt, with these defaults. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandFor, cosmicaiArgs, root, whyRefused, wordsOf } from './commands.ts';
import { pages } from './pages.ts';
import { printedCommands } from './printed.ts';

type Command = Awaited<ReturnType<typeof commandFor>>;

/** All commands that do something, by what is typed: `model import`. */
const commands = new Map<string, Command>();
for (const { name } of await named([])) {
  const inner = await named([name]);
  if (inner.length === 0) commands.set(name, await commandFor([name]));
  for (const { name: part, command } of inner) commands.set(`${name} ${part}`, command);
}

async function named(path: readonly string[]): Promise<{ name: string; command: Command }[]> {
  const command = await commandFor(path);
  return command.commands.filter((one) => one.name() !== 'help').map((one) => ({ name: one.name(), command: one }));
}

const spans = [...pages()].flatMap(([page, { spans: found }]) => found.map((span) => ({ page, ...span })));

it.each([...commands.keys()].filter((name) => name !== 'rendezvous'))(
  'the examples of %s --help can be typed',
  async (name) => {
    let help = '';
    const command = commands.get(name)!;
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    const [, examples = ''] = help.split(/\nExamples?:\n/);
    const lines = examples.split('\n').filter((line) => line.trim() !== '');
    expect(lines.length).toBeGreaterThan(0);
    // What stands behind an example is set off.
    for (const line of lines)
      expect([line, await whyRefused(cosmicaiArgs(line.trim().split(/ {3,}/)[0]!)!)]).toEqual([line, undefined]);
  },
);

it.each(printedCommands())('$file:$line prints a command that can be typed: cosmicai $args', async ({ args }) => {
  if (SENTENCES.has(args[0]!)) return;
  expect((await commandFor(args)).parent).not.toBeNull();
  // Of a command alone only its name is said.
  const isWhole = args.some((word) => word.startsWith('-') || word === '7');
  expect(isWhole ? await whyRefused(args) : undefined).toBeUndefined();
});

it('commands in sentences exist, with their options', async () => {
  const wrong: string[] = [];
  let read = 0;
  for (const { page, line, text } of spans) {
    const args = cosmicaiArgs(text.replace(/\|\w+/, ''));
    if (args === undefined || args.length === 0 || /^[<…]/.test(args[0]!)) continue;
    read++;
    const command = await commandFor(args);
    const options = args.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.split('=')[0]!);
    const isWhole = !/[…<[|]/.test(text);
    // Of a command alone, or a part of a line, only what is there can be wrong.
    const unknown = options.find((option) => args[0] !== 'rendezvous' && !knows(command, option));
    const refused = isWhole && args.length > 2 ? await whyRefused(args) : undefined;
    if (
      command.parent === null ||
      unknown !== undefined ||
      (refused !== undefined && !/missing required argument|required option/.test(refused))
    )
      wrong.push(`${page}:${line}: ${text}: ${unknown ?? refused ?? 'no such command'}`);
  }
  expect(wrong).toEqual([]);
  expect(read).toBeGreaterThan(30);
});

it('options in sentences are those of a command, or of a script of this repository', () => {
  const sources = [
    'services/rendezvous/src',
    'scripts',
    'training',
    'test/faults',
    'test/rehearsal',
    'packages/inference/bench',
  ]
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(root, folder, name)),
    )
    .filter((file) => /\.(ts|mjs|py)$/.test(file))
    .map((file) => readFileSync(file, 'utf8'));
  const wrong: string[] = [];
  for (const { page, line, text } of spans) {
    const words = text.startsWith('-') ? wordsOf(text) : [];
    const option = /^--[a-z][a-z0-9-]+/.exec(words[0] ?? '')?.[0];
    if (option === undefined) continue;
    const isOurs = [...commands.values()].some((command) => knows(command, option));
    const isOfScript = sources.some((source) =>
      new RegExp(String.raw`(${option}|['\s]${option.slice(2)}'?:)`).test(source),
    );
    if (!isOurs && !isOfScript && !OF_OTHERS.has(option)) wrong.push(`${page}:${line}: ${text}`);
  }
  expect(wrong).toEqual([]);
});

/** Headings of options that other commands have. */
const SHARED = 'Options of many commands';

/** Where the options of a command are told, but for those that many have. */
function headingsOf(name: string): readonly string[] {
  const own = /^(rank|summarize|init|array)\b/.test(name)
    ? 'Ranks on a scheduler'
    : name.replace(/^policy .*/, 'policy');
  if (['init', 'quote', 'tune'].includes(name)) return [own, 'run'];
  return /^(logs|stop|run|status)$/.test(name) ? [own, 'On a stage'] : [own];
}

/** What follows the name where it isn't typed. */
const SENTENCES = new Set(['command', 'link', 'runs', 'again', 'or', 'does']);

/** Of pnpm, and any option. */
const OF_OTHERS = new Set(['--frozen-lockfile', '--option']);

describe('tables of options', () => {
  const rows = rowsOf(readFileSync(join(root, 'docs/cli.md'), 'utf8'));

  it('spell options as --help does', () => {
    expect(rows.length).toBeGreaterThan(15);
    const wrong = rows.filter(({ command, flags }) => optionOf(command, flags)?.flags !== flags);
    expect(wrong.map(({ command, flags }) => `${command}: ${flags}`)).toEqual([]);
  });

  it('name the defaults that --help names', () => {
    const wrong: string[] = [];
    let read = 0;
    for (const { command, flags, says } of rows) {
      const [, byPage] = /\bdefault:? `?([^,;`:]+)/.exec(says.trim()) ?? [];
      const option = optionOf(command, flags);
      if (byPage === undefined || option === undefined) continue;
      read++;
      const byHelp =
        option.defaultValue === undefined
          ? /default: ([^,;]+)/.exec(option.description)?.[1]
          : JSON.stringify(option.defaultValue);
      if (byHelp?.trim().startsWith(byPage.trim()) !== true)
        wrong.push(`${command} ${flags}: ${byPage}, in --help ${String(byHelp)}`);
    }
    expect(wrong).toEqual([]);
    expect(read).toBeGreaterThan(5);
  });
});

it('docs/cli.md names every option of every command in what it says of the command', () => {
  const sections = readFileSync(join(root, 'docs/cli.md'), 'utf8').split(/^## /m).slice(1);
  const headed = new Map(sections.map((section) => [section.split('\n', 1)[0], section]));
  const missing = [...commands].flatMap(([name, { options }]) => {
    const told = [SHARED, ...headingsOf(name)].map((heading) => headed.get(heading) ?? '').join();
    const named = new Set(told.match(/--[a-z][a-z-]*/g));
    const left = options.map(({ long }) => long!).filter((long) => !named.has(long));
    return left.length === 0 ? [] : [`${name}: ${left.join(' ')}`];
  });
  expect(missing).toEqual([]);
});

function optionOf(heading: string, flags: string) {
  const [long] = /--[a-z-]+/.exec(flags) ?? [];
  const told = heading === SHARED ? [...commands.values()] : [commands.get(heading)!];
  const options = told.flatMap(({ options: all }) => all.filter((option) => option.long === long));
  return options.find((option) => option.flags === flags) ?? options[0];
}

function knows(command: Command, option: string): boolean {
  return option === '--help' || command.options.some(({ long, short }) => long === option || short === option);
}

/** Rows about options below the headings of commands. */
function rowsOf(text: string): { command: string; flags: string; says: string }[] {
  let command = '';
  const rows: { command: string; flags: string; says: string }[] = [];
  for (const line of text.split('\n')) {
    const [, heading] = /^## (.+)$/.exec(line) ?? [];
    command = heading ?? command;
    const [, first = '', says = ''] = /^\| (`-[^|]*) +\| ([^|]*)/.exec(line) ?? [];
    for (const [, flags] of first.matchAll(/`([^`]+)`/g)) rows.push({ command, flags: flags!, says });
  }
  return rows;
}
