import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compareKeys, MAX_KEY_BYTES } from '../key.ts';
import type { ListOptions } from '../object-store.ts';
import type { BigIntStats, Dirent } from 'node:fs';
import { hasCode } from './file-errors.ts';
import { prefixFolder } from './key-paths.ts';
import { isContinued, segmentOf } from './segment-names.ts';

export interface ListedFile {
  readonly key: string;
  readonly path: string;
  readonly stats: BigIntStats;
}

interface Entry {
  /** Key of an object, or, ending in a slash, what every key of the folder begins with. */
  readonly key: string;
  readonly path: string;
  readonly folder: boolean;
}

/** Stats asked for at once: hides the latency of network file systems. */
const STATS_AT_ONCE = 32;

/**
 * Files whose key begins with the prefix, in UTF-8 byte order of the keys. Holds the names of one folder for each level,
 * never those of the whole tree. A root that doesn't exist lists nothing.
 */
export async function* listFiles(root: string, prefix: string, options: ListOptions): AsyncGenerator<ListedFile> {
  const { startAfter = '', signal } = options;
  const wanted = ({ key, folder }: Entry): boolean =>
    folder
      ? (key.startsWith(prefix) || prefix.startsWith(key)) &&
        (compareKeys(key, startAfter) > 0 || startAfter.startsWith(key))
      : key.startsWith(prefix) && compareKeys(key, startAfter) > 0;

  const walk = async function* (path: string, above: string): AsyncGenerator<ListedFile> {
    signal?.throwIfAborted();
    const entries = (await readFolder(path, above)).filter(wanted).sort((a, b) => compareKeys(a.key, b.key));
    for (let i = 0; i < entries.length;) {
      const next = entries[i]!;
      if (next.folder) {
        yield* walk(next.path, next.key);
        i++;
        continue;
      }
      const files: Entry[] = [];
      while (i < entries.length && files.length < STATS_AT_ONCE && !entries[i]!.folder) files.push(entries[i++]!);
      for (const file of await Promise.all(files.map(withStats))) if (file !== undefined) yield file;
    }
  };

  const start = prefixFolder(root, prefix);
  yield* walk(start.path, start.prefix);
}

async function readFolder(path: string, above: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  const seen = new Set<string>();
  for await (const { parts, type } of namesIn(path, [])) {
    const segment = segmentOf(parts);
    if (segment === undefined) continue;
    const place = join(path, ...parts);
    const folder = type.isSymbolicLink() ? await leadsToFolder(place) : type.isDirectory();
    const key = above + segment + (folder ? '/' : '');
    // Only longer names could follow, which no caller could ask for; also ends folders linked in a circle.
    if (Buffer.byteLength(key) > MAX_KEY_BYTES || seen.has(key)) continue;
    seen.add(key);
    entries.push({ key, path: place, folder });
  }
  return entries;
}

/** Names in a folder, with those that continue inside a folder of a long segment. */
async function* namesIn(path: string, parts: string[]): AsyncGenerator<{ parts: string[]; type: Dirent }> {
  for (const entry of await namesOf(path)) {
    const name = [...parts, entry.name];
    if (isContinued(entry.name) && entry.isDirectory()) yield* namesIn(join(path, entry.name), name);
    else yield { parts: name, type: entry };
  }
}

async function namesOf(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

async function leadsToFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** Undefined when the file went away since its folder was read, or is no file: a socket, a link to nothing. */
async function withStats({ key, path }: Entry): Promise<ListedFile | undefined> {
  try {
    const stats = await stat(path, { bigint: true });
    return stats.isFile() ? { key, path, stats } : undefined;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw error;
  }
}
