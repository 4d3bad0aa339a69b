import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UserInputError } from '@cosmicai/payload';
import { standsForItself } from './file/segment-names.ts';
import { parseAddress } from './address.ts';
import { pathAt, schemeOf } from './schemes.ts';

/**
 * Refuses what is there but no key leads to, so that nobody is told that it isn't there.
 *
 * @param path of a file or folder that will be read or written as an object of a store
 * @throws UserInputError
 */
export function checkName(path: string): void {
  const name = basename(path);
  if (name === '' || standsForItself(name)) return;
  throw new UserInputError(
    `${path} can't be used by its name: a name that begins with ${name.slice(0, 2)} stands for another one. Rename it, e.g. ${name.slice(2)}.`,
  );
}

/** The address of a folder of this machine or a store, as the payload's bucket fields take it. */
export function folderAddress(path: string, cwd: string): string {
  const address = path.includes('://') ? path : pathToFileURL(resolve(cwd, path)).href;
  // The root of a file system has no name that a slash could follow.
  return /^file:\/{3,}$/.test(address) ? 'file:///' : address.replace(/\/+$/, '');
}

/** Splits a folder's address into a store and a prefix in it; a folder of this machine is a store of its own. */
export function bucketAndPrefix(address: string): { bucket: string; prefix: string } {
  const cut = schemeOf(address)?.path === undefined ? endOfBucket(address) : -1;
  return cut < 0 ? { bucket: address, prefix: '' } : { bucket: address.slice(0, cut), prefix: address.slice(cut + 1) };
}

/**
 * Where a results folder lies: the store and the result_path in it. A folder of this machine lies in the store that its
 * parent is; a bucket alone holds them under `results`.
 */
export function resultsLocation(path: string, cwd: string): { bucket: string; resultPath: string } {
  const address = folderAddress(path, cwd);
  const local = pathAt(address);
  if (local !== undefined) checkName(local);
  const { bucket, prefix } = local === undefined ? bucketAndPrefix(address) : parentOf(address);
  return prefix === '' ? { bucket: address, resultPath: 'results' } : { bucket, resultPath: prefix };
}

/** The store that a folder of this machine lies in, and its name there; none of the root. */
function parentOf(address: string): { bucket: string; prefix: string } {
  const { store, key } = parseAddress(address);
  return { bucket: store, prefix: key };
}

/** Where the slash is that ends the bucket's name; negative where nothing follows the name. */
function endOfBucket(address: string): number {
  const start = address.indexOf('://');
  return start < 0 ? -1 : address.indexOf('/', start + '://'.length);
}
