import { CosmicError } from '@cosmicai/payload';
import { AccessDeniedError, InvalidAddressError, StoreEnvironmentError, StoreError } from '../errors.ts';
import { readableAddress } from '../readable-address.ts';
import { whyRefused } from './why-refused.ts';

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
  const refused = whyRefused(code);
  if (refused?.lacks === true)
    return new StoreEnvironmentError(`Could not ${what} in ${place}: ${refused.why}`, { cause });
  if (refused !== undefined)
    return new AccessDeniedError(store, `Could not ${what} in ${place}: ${refused.why}`, { cause });
  switch (code) {
    case 'ENAMETOOLONG':
      return new InvalidAddressError(`Could not ${what} in ${place}: the path is too long. Use a shorter root.`, {
        cause,
      });
    default:
      return new StoreError(store, `Could not ${what} in ${place}: ${(cause as Error).message}`, { cause });
  }
}
