import { basename, dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { InvalidAddressError } from '../errors.ts';
import type { StoreScheme } from '../scheme.ts';
import { fileStore } from './file-store.ts';

const START = 'file:///';

/** `file:///folder/name`, split at the last slash, so that the store is the folder that the file lies in. */
export const fileScheme: StoreScheme = {
  name: 'file',
  examples: { object: 'file:///folder/name', store: 'file:///folder', base: 'file:///some/root' },
  isRemote: false,
  parse(address) {
    if (!address.startsWith(START)) return undefined;
    const path = pathOf(address);
    if (address.endsWith('/')) return { store: pathToFileURL(path).href.replace(/\/$/, ''), key: '' };
    return { store: pathToFileURL(dirname(path)).href, key: basename(path) };
  },
  open: (address) => (address.startsWith(START) ? fileStore(pathOf(address), { create: false }) : undefined),
  within: (base, bucket) => (base.startsWith(START) ? `${base.replace(/\/+$/, '')}/${bucket}` : undefined),
  path: pathOf,
};

function pathOf(address: string): string {
  try {
    return fileURLToPath(address);
  } catch (cause) {
    throw new InvalidAddressError(`"${address}" is not an address of a local file: ${(cause as Error).message}.`, {
      cause,
    });
  }
}
