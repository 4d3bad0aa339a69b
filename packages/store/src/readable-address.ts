import { fileURLToPath } from 'node:url';

/**
 * An address as people know the place: folders of this machine as paths, without percent-encoding; others as they are.
 *
 * @param key below it, taken as it is
 */
export function readableAddress(address: string, key?: string): string {
  const place = placeOf(address);
  return key === undefined || key === '' ? place : `${place.replace(/\/$/, '')}/${key}`;
}

function placeOf(address: string): string {
  try {
    return fileURLToPath(address);
  } catch {
    // Of no file, or with an escaped slash, or an escape that is none: whoever opens it says so.
    return address;
  }
}
