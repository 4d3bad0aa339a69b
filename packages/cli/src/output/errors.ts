import { CosmicError, EnvironmentError, shellWord, UserInputError } from '@cosmicai/payload';
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

/** Work that broke off for a reason outside of it, and goes on by another command than the one that began it. */
export class BrokenOffError extends EnvironmentError {
  readonly goOn: string;

  constructor(cause: unknown, goOn: string) {
    super(messageOf(cause), { cause });
    this.goOn = goOn;
  }
}

/** As BrokenOffError, where its user must change something before. */
export class BrokenOffByInputError extends UserInputError {
  readonly goOn: string;

  constructor(cause: UserInputError, goOn: string) {
    super(cause.message, { cause });
    this.goOn = goOn;
  }
}

/** Whether somebody must act outside of this program before the same work can be done: free space, ask S3 later. */
export function isOutside(error: unknown): boolean {
  if (error instanceof CosmicError) return error.actor === 'environment' || error.actor === 'remote';
  return isSystemError(error);
}

export function goOnWith(command: string): string {
  return `Once that is mended, go on with: ${command}`;
}

/** An error of the operating system: no fault of this program, so its stack says nothing to anybody. */
function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string';
}

/** What is printed of the error that ends a command. */
export function errorLine(error: unknown): string {
  return setIn(`Error: ${messageOf(error)}`);
}

/** The error as its reader should see it: expected ones as a sentence, bugs with their stack. */
export function messageOf(error: unknown): string {
  if (error instanceof CosmicError) return error.message;
  if (isSystemError(error)) return `The system refuses: ${error.message}.${remedyOf(error.code)}`;
  if (error instanceof Error) return `Unexpected ${error.stack ?? error.message}`;
  return `Unexpected error: ${String(error)}`;
}

function remedyOf(code: string): string {
  const why = whyRefused(code)?.why ?? '';
  return why === '' ? '' : ` ${why[0]?.toUpperCase() ?? ''}${why.slice(1)}`;
}
