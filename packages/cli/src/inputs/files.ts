import { statSync, type Stats } from 'node:fs';
import { lstat, readFile, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { demoModel, type DemoPrecision } from '@cosmicai/demo-model';
import { UserInputError } from '@cosmicai/payload';
import { folderIn, inputsIn, type FolderFile, type FolderInputs, type SampleFolder } from '@cosmicai/samples';
import {
  bucketAndPrefix,
  checkName,
  fileStore,
  folderAddress,
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

/**
 * What paths and addresses of files and folders give to read samples from. An address that ends in a slash is a folder's; `@name` stands
 * for the paths and addresses in the file of that name, one a line.
 *
 * @throws UserInputError when something isn't there, or a folder has no samples
 */
export async function sampleInputs(
  paths: readonly string[],
  cwd: string,
  { table, ...access }: StoreAccess & { readonly table?: string | undefined } = {},
): Promise<FolderInputs> {
  const found: FolderInputs[] = [];
  const source = table === undefined ? undefined : await existingSource(table, cwd, access);
  const named = source && { name: source.name, size: source.size, open: () => Promise.resolve(source) };
  for (const { path, at } of (await Promise.all(paths.map((each) => pathsIn(each, cwd)))).flat()) {
    try {
      found.push(await inputsAt(path, cwd, access, named));
    } catch (error) {
      if (at === undefined || !(error instanceof UserInputError)) throw error;
      throw new UserInputError(`${at}: ${error.message}`, { cause: error });
    }
  }
  return { inputs: found.flatMap(({ inputs }) => inputs), notes: found.flatMap(({ notes }) => notes) };
}

async function inputsAt(
  path: string,
  cwd: string,
  access: StoreAccess,
  table: FolderFile | undefined,
): Promise<FolderInputs> {
  const folder = await existingFolder(path, cwd, access);
  if (folder !== undefined) return await inputsIn({ ...folder, ...(table && { table }) });
  if (table !== undefined)
    throw new UserInputError(`${path} is no folder of cutouts, to which --table could belong. Leave it out.`);
  return { inputs: [await existingSource(path, cwd, access)], notes: [] };
}

interface GivenPath {
  readonly path: string;
  /** List and line that it comes from, as messages name them; absent: the command line. */
  readonly at?: string;
}

/** Command lines have their limits: of many files a list names them. Paths in it are relative to where the command is typed. */
async function pathsIn(path: string, cwd: string): Promise<readonly GivenPath[]> {
  if (!path.startsWith('@')) return [{ path }];
  const file = resolve(cwd, path.slice(1));
  await checkFile(file);
  const text = await readFile(file);
  if (text.includes(0))
    throw new UserInputError(
      `${file} is not a list of files, but one of bytes that are no text. To read it, leave the @ out.`,
    );
  const lines = text.toString().split(/\r?\n/);
  const named = lines.flatMap((line, place): GivenPath[] => {
    const entry = line.trim();
    return entry === '' || entry.startsWith('#') ? [] : [{ path: entry, at: `${file}, line ${place + 1}` }];
  });
  if (named.length === 0)
    throw new UserInputError(`The list ${file} names no files: it has one path or address a line.`);
  for (const { path: entry, at } of named)
    if (entry.startsWith('@'))
      throw new UserInputError(
        `${at}: ${entry} is a list, and lists in lists are not read. Name both: ${path} ${entry}`,
      );
  return named;
}

/**
 * What is written must not take the place of what it is made of.
 *
 * @param read paths of files; other names, as of objects in a store, are let pass
 * @throws UserInputError when the file to be written is one of those that are read, under whatever name
 */
export async function refuseToOverwrite(out: string, read: readonly string[]): Promise<void> {
  const there = await stat(out).catch(() => undefined);
  if (there === undefined) return;
  for (const path of read) {
    const file = await stat(path).catch(() => undefined);
    if (file?.dev === there.dev && file.ino === there.ino)
      throw new UserInputError(`${out} is one of the files that are read: name another for what is written.`);
  }
}

async function existingFolder(path: string, cwd: string, access: StoreAccess): Promise<SampleFolder | undefined> {
  const local = pathAt(path) ?? (path.includes('://') ? undefined : resolve(cwd, path));
  if (local !== undefined) {
    const stats = await stat(local).catch(() => undefined);
    return stats?.isDirectory() === true ? await folderIn(fileStore(local), '', local) : undefined;
  }
  if (!path.endsWith('/')) return undefined;
  const { bucket, prefix } = bucketAndPrefix(folderAddress(path, cwd));
  return await folderIn(openStore(bucket, { access }), prefix, path);
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
  throw new UserInputError(
    /[*?[]/.test(file) ? `There is no file that is called like ${file}.` : `There is no file ${file}.`,
  );
}

/** Path of the ONNX model to use: the one asked for, COSMICAI_MODEL, or the demo model. @throws UserInputError when it isn't there */
export function resolveModel(asked: string | undefined, terminal: Terminal, demo?: DemoPrecision): string {
  const named = asked ?? terminal.environment.COSMICAI_MODEL;
  if (named === undefined) return demoModel(demo);
  const address = pathAt(named);
  if (address === undefined && named.includes('://'))
    throw new UserInputError(
      `The model ${named} is no file of this machine. Here one is needed: download it, and name the file. A run takes such an address, by --model or as the payload's "model".`,
    );
  const path = address ?? resolve(terminal.cwd, named);
  const found = statOf(path);
  if (found?.isFile() === true) return path;
  if (found !== undefined) throw new UserInputError(`The model ${path} is ${kindOf(found)}: expected an ONNX file.`);
  throw new UserInputError(
    `There is no model file ${path}. Make one with: cosmicai model import checkpoint.pt -o model.onnx`,
  );
}

/** How another command is told of the model that this one was given, in words of its command line; of the default nothing is said. */
export function modelArguments(
  { model, precision }: { readonly model?: string; readonly precision?: DemoPrecision },
  { environment, cwd }: Pick<Terminal, 'environment' | 'cwd'>,
): string[] {
  if (precision !== undefined) return ['--precision', precision];
  const named = model ?? environment.COSMICAI_MODEL;
  return named === undefined ? [] : ['--model', pathAt(named) ?? resolve(cwd, named)];
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new UserInputError(`The model file ${path} can't be read: ${(error as Error).message}`, { cause: error });
  }
}
