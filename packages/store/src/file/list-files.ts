import { constants, type BigIntStats, type Dirent } from 'node:fs';
import { access, lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { itemAt } from '@cosmicai/payload';
import { compareKeys, MAX_KEY_BYTES } from '../key.ts';
import type { ListOptions, SkippedEntry } from '../object-store.ts';
import { hasCode } from './file-errors.ts';
import { kindOf } from './file-kind.ts';
import { prefixFolder } from './key-paths.ts';
import { isContinued, segmentOf, WORK_FOLDER } from './segment-names.ts';

export interface ListedFile {
  readonly key: string;
  readonly path: string;
  readonly stats: BigIntStats;
  /** Whether a link leads to it, below the folder that the listing began with. */
  readonly linked: boolean;
}

export interface Entry {
  /** Key of an object, or, ending in a slash, what every key of the folder begins with. */
  readonly key: string;
  readonly path: string;
  readonly folder: boolean;
  readonly link: boolean;
}

/** Stats asked for at once: hides the latency of network file systems. */
const STATS_AT_ONCE = 32;

/**
 * Files whose key begins with the prefix, in UTF-8 byte order of the keys. Holds the names of one folder for each level,
 * never those of the whole tree. A root that doesn't exist lists nothing.
 *
 * A folder is listed under its own name always, and through links once at most, so that links in a circle end: what was
 * entered before is not entered through a link again.
 *
 * @param links `themselves`: lists each link below the prefix in place of what it leads to, so that it can be deleted
 */
export async function* listFiles(
  root: string,
  prefix: string,
  options: ListOptions,
  links: 'followed' | 'themselves' = 'followed',
): AsyncGenerator<ListedFile> {
  const { startAfter = '', signal, onSkipped } = options;
  const isFollowed = links === 'followed';
  const entered = new Set<string>();
  const wanted = ({ key, folder }: Entry): boolean =>
    folder
      ? (key.startsWith(prefix) || prefix.startsWith(key)) &&
        (compareKeys(key, startAfter) > 0 || startAfter.startsWith(key))
      : key.startsWith(prefix) && compareKeys(key, startAfter) > 0;
  const skip = (key: string, why: SkippedEntry['why']): void => {
    if (key.startsWith(prefix)) onSkipped?.({ key, why });
  };

  /** The folder's names; undefined, after telling, where they may not be read. */
  const entriesOf = async (path: string, above: string): Promise<Entry[] | undefined> => {
    try {
      return await readFolder(path, above, isFollowed, (key) => skip(key, 'named with %=, %! or %+ at the beginning'));
    } catch (error) {
      if (onSkipped === undefined || above === start.prefix || !hasCode(error, 'EACCES', 'EPERM')) throw error;
      skip(above, 'not readable');
      return undefined;
    }
  };

  /** Undefined when the file went away since its folder was read, or is none that could be read. */
  const listed = async ({ key, path, link }: Entry, linked: boolean): Promise<ListedFile | undefined> => {
    try {
      const stats = await (isFollowed ? stat : lstat)(path, { bigint: true });
      if (!stats.isFile() && !stats.isSymbolicLink()) skip(key, kindOf(stats));
      else if (onSkipped !== undefined && !(await isReadable(path))) skip(key, 'not readable');
      else return { key, path, stats, linked: linked || link };
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw error;
      if (link) skip(key, 'a link to nothing');
    }
    return undefined;
  };

  const walk = async function* (path: string, above: string, linked: boolean): AsyncGenerator<ListedFile> {
    signal?.throwIfAborted();
    const entries = (await entriesOf(path, above))?.filter(wanted).sort((a, b) => compareKeys(a.key, b.key)) ?? [];
    for (let i = 0; i < entries.length;) {
      const next = itemAt(entries, i);
      if (next.folder) {
        const folder = await identityOf(next.path);
        if ((linked || next.link) && folder !== undefined && entered.has(folder))
          skip(next.key, 'a link to a folder that is listed already');
        else {
          if (folder !== undefined) entered.add(folder);
          yield* walk(next.path, next.key, linked || next.link);
        }
        i++;
        continue;
      }
      const ahead = entries.slice(i, i + STATS_AT_ONCE);
      const end = ahead.findIndex(({ folder }) => folder);
      const files = end < 0 ? ahead : ahead.slice(0, end);
      i += files.length;
      for (const file of await Promise.all(files.map((entry) => listed(entry, linked))))
        if (file !== undefined) yield file;
    }
  };

  const start = prefixFolder(root, prefix);
  const first = await identityOf(start.path);
  if (first !== undefined) entered.add(first);
  yield* walk(start.path, start.prefix, false);
}

/** @param onUnknown is told of names that stand for others, written by nobody who knows how */
export async function readFolder(
  path: string,
  above: string,
  isFollowed: boolean,
  onUnknown: (key: string) => void,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  const seen = new Set<string>();
  for await (const { parts, type } of namesIn(path, [])) {
    const segment = segmentOf(parts);
    if (segment === undefined) {
      if (parts[0] !== WORK_FOLDER) onUnknown(above + parts.join('/'));
      continue;
    }
    const place = join(path, ...parts);
    const link = type.isSymbolicLink();
    const folder = link ? isFollowed && (await leadsToFolder(place)) : type.isDirectory();
    const key = above + segment + (folder ? '/' : '');
    // Only longer names could follow, which no caller could ask for.
    if (Buffer.byteLength(key) > MAX_KEY_BYTES || seen.has(key)) continue;
    seen.add(key);
    entries.push({ key, path: place, folder, link });
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

/** Device and inode; undefined where there is nothing, or a file system without inodes. */
export async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path, { bigint: true });
    return ino === 0n ? undefined : `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

async function isReadable(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
