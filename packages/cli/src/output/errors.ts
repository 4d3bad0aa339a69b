import { BrokenOffByInputError, BrokenOffError, goOnWith, messageOf } from '@cosmicai/engine';
import { CosmicError, shellWord, UserInputError } from '@cosmicai/payload';
import { codeOf, whyRefused } from '@cosmicai/store';
import { CommanderError } from 'commander';
import { setIn } from './table.ts';

export const EXIT = { done: 0, failed: 1, wrongUse: 2, interrupted: 130 } as const;

/** Exit code of a command that threw: 2 when its user must change something, 130 after Ctrl-C, else 1. */
export function exitCodeOf(error: unknown, interrupted: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
  if (interrupted) return EXIT.interrupted;
  return error instanceof CosmicError && error.actor === 'user' ? EXIT.wrongUse : EXIT.failed;
}

/**
 * How to go on after an error for which nothing is wrong with the command; undefined after others.
 *
 * @param args the command line
 */
export function goOnLine(error: unknown, args: readonly string[]): string | undefined {
  if (error instanceof BrokenOffError || error instanceof BrokenOffByInputError) return goOnWith(error.goOn);
  return isRefused(error) ? goOnWith(['cosmicai', ...args].map(shellWord).join(' ')) : undefined;
}

/** A disk that is full, a folder that can only be read, a limit: by the error of the system behind an error. */
function isRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return whyRefused(codeOf(error)) !== undefined || isRefused(error.cause);
}

/** What is printed of the error that ends a command. */
export function errorLine(error: unknown): string {
  return setIn(`Error: ${messageOf(error)}`);
}

/** What `--json` prints of the error that ends a command, by the names by which it prints that of a run. */
export function jsonOfError(error: unknown, code: number): { readonly error: string; readonly cause: string } {
  if (code === EXIT.interrupted) return { error: 'Interrupted', cause: 'Stopped.' };
  if (error instanceof CommanderError)
    return { error: UserInputError.name, cause: error.message.replace(/^error: /, '') };
  return { error: error instanceof Error ? error.name : 'Error', cause: messageOf(error) };
}
