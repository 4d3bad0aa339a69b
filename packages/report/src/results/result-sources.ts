import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { compareNaturally, UserInputError } from '@cosmicai/payload';
import {
  bucketAndPrefix,
  checkName,
  folderAddress,
  openStore,
  parseAddress,
  pathAt,
  type ObjectStore,
  type StoreAccess,
} from '@cosmicai/store';

/** A file to read, and what people call it. */
export interface ResultSource {
  readonly name: string;
  readonly store: ObjectStore;
  readonly key: string;
}

/** A file or folder of this machine or a store, by path or address. @throws UserInputError when it isn't there */
export async function sourceAt(
  path: string,
  cwd: string,
  access: StoreAccess = {},
): Promise<ResultSource | { readonly folder: string }> {
  const address = folderAddress(path, cwd);
  const local = pathAt(address);
  if (local === undefined) {
    const { store: bucket, key } = parseAddress(path);
    const store = openStore(bucket, { access });
    const isFile = key !== '' && !key.endsWith('/') && (await store.head(key)) !== undefined;
    return isFile ? { name: path, store, key } : { folder: address };
  }
  const there = await stat(local).catch(() => undefined);
  if (there === undefined) throw new UserInputError(`There is no file or folder ${local}.`);
  if (there.isDirectory()) return { folder: address };
  // A pipe would be waited for.
  if (!there.isFile()) throw new UserInputError(`${local} is neither a file nor a folder.`);
  checkName(local);
  const { store, key } = parseAddress(address);
  return { name: path, store: openStore(store), key };
}

/** Files of all ranks of a run; some runs left several. */
const COMBINED = /^combined_data(?:_\d+)?\.json$|^total\.json$/;
const SUMMARY = 'summary.json';
const RANK = /^\d+\.json$/;

/**
 * The result files in a folder and those below it: of each folder what holds all its ranks, or else the ranks one by one. What a
 * run published beside its own folder is among them twice; the run's id says so.
 */
export async function sourcesBelow(folder: string, access: StoreAccess): Promise<ResultSource[]> {
  const { bucket, prefix } = bucketAndPrefix(folder);
  const store = openStore(bucket, { access });
  const start = prefix === '' ? '' : `${prefix}/`;
  const folders = new Map<string, string[]>();
  for await (const { key } of store.list(start)) {
    const name = basename(key);
    if (!COMBINED.test(name) && !RANK.test(name) && name !== SUMMARY) continue;
    const path = key.slice(start.length, key.length - name.length);
    folders.set(path, [...(folders.get(path) ?? []), name]);
  }
  return [...folders]
    .sort(([a], [b]) => compareNaturally(a, b))
    .flatMap(([path, names]) => {
      const combined = names.filter((name) => COMBINED.test(name));
      const taken = combined.length > 0 ? combined : names.filter((name) => RANK.test(name));
      const summary = names.includes(SUMMARY) ? [SUMMARY] : [];
      return [...taken, ...summary].map((name) => ({
        name: nameOf(path, name, combined.length > 1),
        store,
        key: `${start}${path}${name}`,
      }));
    });
}

function nameOf(path: string, name: string, isOneOfSeveral: boolean): string {
  return path === '' || isOneOfSeveral || RANK.test(name) ? `${path}${name}` : path.slice(0, -1);
}
