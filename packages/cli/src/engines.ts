import type { Engine, EngineContext } from '@cosmicai/engine';
import { UserInputError } from '@cosmicai/payload';
import { Option, type Command } from 'commander';
import { resolveModel } from './inputs/files.ts';
import { setIn } from './output/table.ts';
import { progress } from './output/progress.ts';
import { printBlock, type Terminal } from './output/terminal.ts';

/** What the command line may say to engines. Each takes some of it. */
export interface EngineOptions {
  readonly stage?: string | undefined;
  readonly memory?: number | undefined;
  readonly concurrency?: number | undefined;
  readonly store?: string | undefined;
  readonly definition?: string | undefined;
  readonly functions?: string | undefined;
}

interface EngineDoor {
  /** Where it runs, for `--help`. */
  readonly where: string;
  /** Options of EngineOptions, and of commands, that no other engine takes. */
  readonly own: readonly string[];
  readonly open: (context: EngineContext, options: EngineOptions) => Promise<Engine>;
}

/** The engines by their names. Another one is a package and an entry here. */
export const ENGINES = {
  local: {
    where: 'this machine',
    own: ['memory', 'concurrency', 'store', 'definition', 'functions', 'resume', 'acceptChanged'],
    open: async (context, options) => (await import('@cosmicai/local')).localEngine(context, options),
  },
  aws: {
    where: 'a deployed stage',
    own: ['stage', 'onlyFailed', 'maxCost'],
    open: async (context, { stage = 'dev' }) => (await import('@cosmicai/aws')).awsEngine(context, { stage }),
  },
} as const satisfies Record<string, EngineDoor>;

export type EngineName = keyof typeof ENGINES;

/** Where a command does its work. */
export function targetOption(byDefault: EngineName = 'local'): Option {
  const places = Object.values(ENGINES).map(({ where }) => where);
  return new Option('--target <engine>', places.join(' or ')).choices(Object.keys(ENGINES)).default(byDefault);
}

/** Which deployed stage a command is about. */
export function stageOption(): Option {
  return new Option('-s, --stage <stage>', 'aws: deployed stage, see cosmicai deploy').default('dev');
}

/**
 * Opens the engine that a command is to use.
 *
 * @param command whose options are looked through for those that only other engines take
 * @throws UserInputError when one of these is given
 */
export async function openEngine(
  name: EngineName,
  options: EngineOptions,
  command: Command,
  terminal: Terminal,
): Promise<Engine> {
  refuseOptionsOfOthers(name, command);
  const named = Object.entries(options).filter(([option]) => command.getOptionValueSource(option) === 'cli');
  return ENGINES[name].open(contextOf(terminal), Object.fromEntries(named));
}

/** @throws UserInputError when the command line names an option that only other engines take */
function refuseOptionsOfOthers(name: EngineName, command: Command): void {
  for (const [other, { own }] of Object.entries(ENGINES)) {
    const wrong = other === name ? undefined : own.find((option) => command.getOptionValueSource(option) === 'cli');
    if (wrong !== undefined)
      throw new UserInputError(`--${dashed(wrong)} is for --target ${other}, not for --target ${name}.`);
  }
}

/** What engines may know of this process. */
export function contextOf(terminal: Terminal): EngineContext {
  return {
    cwd: terminal.cwd,
    environment: terminal.environment,
    signal: terminal.signal,
    say: (text) => printBlock(terminal.stderr, setIn(text)),
    progress: (title) => progress(terminal, title),
    modelAt: (asked) => resolveModel(asked, terminal),
  };
}

function dashed(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
