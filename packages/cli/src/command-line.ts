import { Command } from 'commander';
import { errorLine, EXIT, exitCodeOf, goOnLine, jsonOfError } from './output/errors.ts';
import { printBlock, printJson, printLine, type Terminal } from './output/terminal.ts';
import { VERSIONS } from './output/versions.ts';

export interface CommandEntry {
  /** Its line in the list of commands. */
  readonly summary: string;
  /** Loads what makes the command; most of what some need, others don't. */
  readonly load: () => Promise<(terminal: Terminal) => Command>;
}

/** By name, in the order of the list. */
type CommandEntries = Readonly<Record<string, CommandEntry>>;

/** Needs all commands with all their options. */
export const COMPLETION = 'completion';

/** The program that parses a command line: the commands that the line may name whole, of the others only their names. */
export async function programOf(
  commands: CommandEntries,
  args: readonly string[],
  terminal: Terminal,
): Promise<Command> {
  const program = new Command('cosmicai')
    .description('Serverless redshift inference for galaxy images')
    .version(VERSIONS.cosmicai)
    .showHelpAfterError('(--help shows how to use it)');
  for (const [name, entry] of Object.entries(commands))
    program.addCommand((await commandOf(name, entry, args, terminal)).summary(entry.summary));
  confine(program, terminal);
  return program;
}

/**
 * Runs one command line. With `--json` a failure is JSON too, where the command has printed none.
 *
 * @returns exit code: 0 done, 1 failed, 2 wrong use, 130 interrupted
 */
export async function runCommands(commands: CommandEntries, args: readonly string[], outer: Terminal): Promise<number> {
  const printed = { any: false };
  const stdout = {
    write: (text: string) => {
      printed.any = true;
      outer.stdout.write(text);
    },
  };
  const terminal = { ...outer, stdout };
  const program = await programOf(commands, args, terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
    return process.exitCode === undefined ? EXIT.done : Number(process.exitCode);
  } catch (error) {
    const code = exitCodeOf(error, terminal.signal.aborted);
    // Commander has printed its own errors already.
    if (!isCommanderError(error)) printError(error, code, args, terminal);
    if (code !== EXIT.done && args.includes('--json') && !printed.any) printJson(terminal, jsonOfError(error, code));
    return code;
  }
}

function printError(error: unknown, code: number, args: readonly string[], { stderr }: Terminal): void {
  if (code === EXIT.interrupted) {
    printLine(stderr, 'Stopped.');
    return;
  }
  printBlock(stderr, errorLine(error));
  const goOn = goOnLine(error, args);
  if (goOn !== undefined) printLine(stderr, goOn);
}

/** The command itself where the line may name it, else only what stands for it in the list. */
async function commandOf(
  name: string,
  { load }: CommandEntry,
  args: readonly string[],
  terminal: Terminal,
): Promise<Command> {
  return args.includes(name) || args[0] === COMPLETION ? (await load())(terminal) : new Command(name);
}

function isCommanderError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');
}

/** Commander throws instead of ending the process, and prints to the terminal given, in every command. */
function confine(command: Command, terminal: Terminal): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => terminal.stdout.write(text),
    writeErr: (text) => terminal.stderr.write(text),
  });
  for (const child of command.commands) confine(child, terminal);
}
