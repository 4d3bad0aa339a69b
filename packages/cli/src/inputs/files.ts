import { statSync, type Stats } from 'node:fs';
import { lstat, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { demoModel, type DemoPrecision } from '@cosmicai/demo-model';
import { UserInputError } from '@cosmicai/payload';
import {
  checkName,
  fileStore,
  kindOf,
  openStore,
  parseAddress,
  pathAt,
  storeSource,
  type ByteSource,
  type StoreAccess,
} from '@cosmicai/store';
import type { Terminal } from '../output/terminal.ts';

/**
 * A file of this machine or an object of a store, by path or address.
 *
 * @throws UserInputError when it isn't there, or is not a file
 */
export async function existingSource(path: string, cwd: string, access: StoreAccess = {}): Promise<ByteSource> {
  const named = pathAt(path)?.replace(/(?<=.)[/\\]+$/, '');
  if (named === undefined && path.includes('://')) {
    const { store, key } = parseAddress(path);
    return storeSource(openStore(store, { access }), key);
  }
  const file = named ?? resolve(cwd, path);
  await checkFile(file);
  checkName(file);
  return storeSource(fileStore(dirname(file)), basename(file));
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

/** Path of the ONNX model to use: the one asked for, COSMICAI_MODEL, or the demo model. @throws UserInputError when it isn't there */
export function resolveModel(asked: string | undefined, terminal: Terminal, demo?: DemoPrecision): string {
  const named = asked ?? terminal.environment.COSMICAI_MODEL;
  if (named === undefined) return demoModel(demo);
  const path = pathAt(named) ?? resolve(terminal.cwd, named);
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
