import { CosmicError } from '@cosmicai/payload';
import { CommanderError } from 'commander';

export const EXIT = { done: 0, failed: 1, wrongUse: 2, interrupted: 130 } as const;

/** Exit code of a command that threw: 2 when its user must change something, 130 after Ctrl-C, else 1. */
export function exitCodeOf(error: unknown, interrupted: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
  if (interrupted) return EXIT.interrupted;
  return error instanceof CosmicError && error.actor === 'user' ? EXIT.wrongUse : EXIT.failed;
}

/** What to do about errors of the system that any work with files may meet. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: ' The disk is full: free some space.',
  EDQUOT: ' The disk quota is used up: free some space.',
  EACCES: ' Check the owner and mode.',
  EROFS: ' The file system can only be read: name another place.',
  EMFILE: ' Too many files are open: raise the limit (ulimit -n).',
};

/** An error of the operating system: no fault of this program, so its stack says nothing to anybody. */
function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string';
}

/** The error as its reader should see it: expected ones as a sentence, bugs with their stack. */
export function messageOf(error: unknown): string {
  if (error instanceof CosmicError) return error.message;
  if (isSystemError(error)) return `The system refuses: ${error.message}.${REMEDIES[error.code] ?? ''}`;
  if (error instanceof Error) return `Unexpected ${error.stack ?? error.message}`;
  return `Unexpected error: ${String(error)}`;
}
