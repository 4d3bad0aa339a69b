import { statSync, type Stats } from 'node:fs';
import { lstat, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { UserInputError } from '@cosmicai/payload';
import {
  fileStore,
  kindOf,
  localPath,
  openStore,
  parseAddress,
  standsForItself,
  type StoreAccess,
} from '@cosmicai/store';
import { storeSource, type ByteSource } from '@cosmicai/torchfile';
import type { Terminal } from '../output/terminal.ts';

/**
 * A file of this machine or an object of a store, by path or address.
 *
 * @throws UserInputError when it isn't there, or is no file
 */
export async function existingSource(path: string, cwd: string, access: StoreAccess = {}): Promise<ByteSource> {
  if (path.includes('://') && !path.startsWith('file:///')) {
    const { store, key } = parseAddress(path);
    return storeSource(openStore(store, { access }), key);
  }
  const file = path.startsWith('file:///') ? pathOf(path) : resolve(cwd, path);
  await checkFile(file);
  checkName(file);
  return storeSource(fileStore(dirname(file)), basename(file));
}

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

function pathOf(address: string): string {
  return localPath(address).replace(/(?<=.)[/\\]+$/, '');
}

async function checkFile(file: string): Promise<void> {
  const stats = await stat(file).catch(() => undefined);
  if (stats?.isFile() === true) return;
  if (stats?.isDirectory() === true) {
    throw new UserInputError(
      `${file} is a folder: name the files in it (${join(file, '*.pt')}), or read all of it with: cosmicai run --data ${file}`,
    );
  }
  if (stats !== undefined) {
    throw new UserInputError(
      `${file} is ${kindOf(stats)}: its bytes can't be read from any place. Copy what it gives into a file.`,
    );
  }
  const link = await lstat(file).catch(() => undefined);
  if (link?.isSymbolicLink() === true)
    throw new UserInputError(`${file} is a link to ${await readlink(file)}, and nothing is there.`);
  throw new UserInputError(`There is no file ${file}.`);
}

/** The address of a folder of this machine or a store, as the payload's bucket fields take it. */
export function folderAddress(path: string, cwd: string): string {
  const address = path.includes('://') ? path : pathToFileURL(resolve(cwd, path)).href;
  // The root of a file system has no name that a slash could follow.
  return /^file:\/{3,}$/.test(address) ? 'file:///' : address.replace(/\/+$/, '');
}

/** Splits a folder's address into a store and a prefix in it; a folder of this machine is a store of its own. */
export function bucketAndPrefix(address: string): { bucket: string; prefix: string } {
  const s3 = /^(s3:\/\/[^/]+)(?:\/(.*))?$/.exec(address);
  return s3 === null ? { bucket: address, prefix: '' } : { bucket: s3[1]!, prefix: s3[2] ?? '' };
}

/**
 * Where a results folder lies: the store and the result_path in it. A folder of this machine lies in the store that its
 * parent is; a bucket alone holds them under `results`.
 */
export function resultsLocation(path: string, cwd: string): { bucket: string; resultPath: string } {
  const address = folderAddress(path, cwd);
  const cut = address.startsWith('s3://') ? address.indexOf('/', 's3://'.length) : address.lastIndexOf('/');
  if (cut < 0 || address === 'file:///') return { bucket: address, resultPath: 'results' };
  const bucket = address.slice(0, cut);
  if (address.startsWith('file:///')) checkName(localPath(address));
  return {
    bucket: bucket === 'file://' ? 'file:///' : bucket,
    resultPath: address.startsWith('file:///') ? basename(localPath(address)) : address.slice(cut + 1),
  };
}

/** Root of the repository, which holds the demo model and the services. */
export const checkout = fileURLToPath(new URL('../../../../', import.meta.url));
/** The trained demo model, part of the repository. */
const DEMO_MODEL = join(checkout, 'models', 'astromae-demo.onnx');

/** Path of the ONNX model to use: the one asked for, COSMICAI_MODEL, or the demo model. @throws UserInputError when it isn't there */
export function resolveModel(asked: string | undefined, terminal: Terminal): string {
  const named = asked ?? terminal.environment.COSMICAI_MODEL;
  if (named === undefined) return DEMO_MODEL;
  const path = named.startsWith('file://') ? localPath(named) : resolve(terminal.cwd, named);
  const found = statOf(path);
  if (found?.isFile() === true) return path;
  if (found !== undefined) throw new UserInputError(`The model ${path} is ${kindOf(found)}: expected an ONNX file.`);
  throw new UserInputError(
    `There is no model file ${path}. Make one with: cosmicai model import checkpoint.pt -o model.onnx`,
  );
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new UserInputError(`The model file ${path} can't be read: ${(error as Error).message}`, { cause: error });
  }
}
