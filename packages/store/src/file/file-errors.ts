import { CosmicError } from '@cosmicai/payload';
import { AccessDeniedError, InvalidAddressError, StoreEnvironmentError, StoreError } from '../errors.ts';
import { readableAddress } from '../readable-address.ts';

/** The file system's code of an error, e.g. ENOENT. */
export function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

export function hasCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes(codeOf(error) ?? '');
}

/** The error of the port for an error of the file system. Others, such as an abort, pass as they are. */
export function fileError(store: string, what: string, cause: unknown): unknown {
  const code = codeOf(cause);
  if (cause instanceof CosmicError || code === undefined || !/^E[A-Z0-9]+$/.test(code)) return cause;
  const place = readableAddress(store);
  switch (code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new AccessDeniedError(store, `No permission to ${what} in ${place} (${code}). Check the owner and mode.`, {
        cause,
      });
    case 'ENOSPC':
    case 'EDQUOT':
      return new StoreEnvironmentError(`Could not ${what} in ${place}: the disk is full (${code}). Free some space.`, {
        cause,
      });
    case 'EMFILE':
    case 'ENFILE':
      return new StoreEnvironmentError(
        `Could not ${what} in ${place}: too many open files (${code}). Raise the limit (ulimit -n).`,
        { cause },
      );
    case 'ENAMETOOLONG':
      return new InvalidAddressError(`Could not ${what} in ${place}: the path is too long. Use a shorter root.`, {
        cause,
      });
    default:
      return new StoreError(store, `Could not ${what} in ${place}: ${(cause as Error).message}`, { cause });
  }
}
