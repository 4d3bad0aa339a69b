import { CosmicError, EnvironmentError, UserInputError } from '@cosmicai/payload';
import { whyRefused } from '@cosmicai/store';

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
