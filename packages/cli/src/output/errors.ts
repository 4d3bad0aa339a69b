import { CosmicError } from '@cosmicai/payload';
import { CommanderError } from 'commander';

export const EXIT = { done: 0, failed: 1, wrongUse: 2, interrupted: 130 } as const;

/** Exit code of a command that threw: 2 when its user must change something, 130 after Ctrl-C, else 1. */
export function exitCodeOf(error: unknown, interrupted: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
  if (interrupted) return EXIT.interrupted;
  return error instanceof CosmicError && error.actor === 'user' ? EXIT.wrongUse : EXIT.failed;
}

/** The error as its reader should see it: expected ones as a sentence, bugs with their stack. */
export function messageOf(error: unknown): string {
  if (error instanceof CosmicError) return error.message;
  if (error instanceof Error) return `Unexpected ${error.stack ?? error.message}`;
  return `Unexpected error: ${String(error)}`;
}
