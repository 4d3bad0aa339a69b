import { compareKeys } from '../key.ts';
import type { ReadOptions } from '../object-store.ts';
import { prefixFolder } from './key-paths.ts';
import { identityOf, listFiles, readFolder, type Entry } from './list-files.ts';

/** Folders looked into at once: hides the latency of network file systems. */
const FOLDERS_AT_ONCE = 32;

/**
 * The folders right below a prefix that hold a file, each ending in a slash, in UTF-8 byte order. Of each no more is looked at
 * than its first file needs. Links are followed as listings follow them.
 */
export async function listFolders(root: string, prefix: string, options: ReadOptions): Promise<string[]> {
  options.signal?.throwIfAborted();
  const start = prefixFolder(root, prefix);
  const folders = (await readFolder(start.path, start.prefix, true, () => undefined))
    .filter(({ key, folder }) => folder && key.startsWith(prefix))
    .sort((a, b) => compareKeys(a.key, b.key));
  const entered = new Set([await identityOf(start.path)]);
  const isNew = async ({ path, link }: Entry): Promise<boolean> => {
    const identity = await identityOf(path);
    if (link && identity !== undefined && entered.has(identity)) return false;
    entered.add(identity);
    return true;
  };
  const found: string[] = [];
  for (let i = 0; i < folders.length; i += FOLDERS_AT_ONCE) {
    const together = folders.slice(i, i + FOLDERS_AT_ONCE);
    const holding = await Promise.all(together.map(({ key }) => holdsAny(root, key, options)));
    for (const [at, folder] of together.entries())
      if (holding[at] === true && (await isNew(folder))) found.push(folder.key);
  }
  return found;
}

async function holdsAny(root: string, prefix: string, options: ReadOptions): Promise<boolean> {
  for await (const file of listFiles(root, prefix, options)) return file.key !== '';
  return false;
}
