import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { UserInputError } from '@cosmicai/payload';
import {
  bucketAndPrefix,
  codeOf,
  fileStore,
  folderAddress,
  makeNamedFolder,
  openStore,
  pathAt,
  schemeOf,
  type ObjectStore,
  type StoreAccess,
} from '@cosmicai/store';

/** A folder that a catalogue in HATS is written to. */
export interface HatsFolder {
  /** For people. */
  readonly name: string;
  readonly store: ObjectStore;
  /** Empty, or ending in a slash. */
  readonly prefix: string;
  /** For what doesn't fit in memory. */
  readonly scratch: string | undefined;
  /** Gives it its name, when all is there. */
  finish(): Promise<void>;
  abandon(): Promise<void>;
}

const WHAT = 'The catalogue';

/**
 * Begins a folder: one of this machine under another name, beside its place; in a store right there, where the properties, which come
 * last, say that it is whole.
 *
 * @throws UserInputError where something is there
 */
export async function openHatsFolder(out: string, cwd: string, access: StoreAccess = {}): Promise<HatsFolder> {
  if (out === '-') throw new UserInputError('--healpix makes a folder of files: give -o a folder for them.');
  if (schemeOf(out)?.isRemote === true) return await inStore(out, access);
  const path = pathAt(out) ?? resolve(cwd, out);
  await refuseWhatIsThere(path);
  await makeNamedFolder(dirname(path), WHAT);
  const partial = `${path}.${randomBytes(4).toString('hex')}.partial`;
  await makeNamedFolder(partial, WHAT);
  return {
    name: path,
    store: fileStore(partial),
    prefix: '',
    scratch: partial,
    async finish() {
      // An empty folder that is there already gives way.
      await rmdir(path).catch(() => undefined);
      await rename(partial, path);
    },
    abandon: () => rm(partial, { recursive: true, force: true }),
  };
}

async function refuseWhatIsThere(path: string): Promise<void> {
  const there = await readdir(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw new UserInputError(`${WHAT} can't be written to ${path}: expected a folder, or nothing.`, { cause: error });
  });
  if (there.length > 0)
    throw new UserInputError(`${WHAT} can't be written to ${path}: there is something in it. Name another folder.`);
}

async function inStore(out: string, access: StoreAccess): Promise<HatsFolder> {
  const { bucket, prefix: folder } = bucketAndPrefix(folderAddress(out, ''));
  if (basename(folder) === '')
    throw new UserInputError(`${out} names no folder: give the catalogue one in the bucket.`);
  const store = openStore(bucket, { access });
  for await (const { key } of store.list(`${folder}/`))
    throw new UserInputError(`${WHAT} can't be written to ${out}: there is ${key} already. Name another folder.`);
  return {
    ...{ name: out, store, prefix: `${folder}/`, scratch: undefined },
    finish: () => Promise.resolve(),
    abandon: () => Promise.resolve(),
  };
}
