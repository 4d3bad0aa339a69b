import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BigIntStats } from 'node:fs';
import type { Body, WriteOptions } from '../object-store.ts';
import { removeEmptied } from './delete-files.ts';
import { hasCode } from './file-errors.ts';
import type { KeyPaths } from './key-paths.ts';
import { exists, isFolder, makeFolder } from './make-folder.ts';
import { WORK_FOLDER } from './segment-names.ts';

/** A writer that died leaves its unfinished file; by then nobody writes to it any more. */
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;
/** Deletes remove emptied folders, so a folder made for a write may vanish before the write lands in it. */
const PLACING_ATTEMPTS = 100;
/** Modes of new files; the process's umask takes away from them. */
const FOR_ALL = 0o666;
const FOR_OWNER = 0o600;

/**
 * Writes the body to an unfinished file, hands it to `place`, and removes what is left of it.
 *
 * @throws the file system's ENOENT when the root does not exist
 */
export async function writeThenPlace<Result>(
  root: string,
  body: Body,
  { signal, secret = false }: WriteOptions,
  place: (unfinished: string, stats: BigIntStats) => Promise<Result>,
): Promise<Result> {
  signal?.throwIfAborted();
  const work = join(root, WORK_FOLDER);
  const unfinished = join(work, randomUUID());
  const file = await openIn(work, unfinished, secret ? FOR_OWNER : FOR_ALL);
  try {
    let stats: BigIntStats;
    try {
      await file.writeFile(body, signal === undefined ? {} : { signal });
      // The kernel's clock for mtime ticks every few milliseconds; two writes within a tick could share an etag.
      const seconds = (performance.timeOrigin + performance.now()) / 1000;
      await file.utimes(seconds, seconds);
      stats = await file.stat({ bigint: true });
    } finally {
      await file.close();
    }
    return await place(unfinished, stats);
  } finally {
    await rm(unfinished, { force: true });
    // The last of those who write at once leaves nothing behind.
    await removeEmptied(root, work);
  }
}

/** Opens a new file in the work folder, which others may remove as they leave. */
async function openIn(work: string, path: string, mode = FOR_ALL): Promise<FileHandle> {
  for (let attempt = 1; ; attempt++) {
    await makeWorkFolder(work);
    try {
      return await open(path, 'wx', mode);
    } catch (error) {
      if (attempt >= PLACING_ATTEMPTS || !hasCode(error, 'ENOENT')) throw error;
    }
  }
}

/** Never makes the root: whoever misspells it must hear of it. */
async function makeWorkFolder(work: string): Promise<void> {
  await ignoring('EEXIST', mkdir(work));
}

/** Removes what writers that died left behind. */
export async function removeAbandoned(root: string, now: number): Promise<void> {
  const work = join(root, WORK_FOLDER);
  const names = await readdir(work).catch(() => []);
  for (const path of names.map((name) => join(work, name))) {
    const age = await stat(path).then(
      ({ mtimeMs }) => now - mtimeMs,
      () => 0,
    );
    if (age > ABANDONED_AFTER_MS) await rm(path, { force: true });
  }
}

/** Moves a finished file to its key's place at once, over what was there. */
export async function moveInto(unfinished: string, paths: KeyPaths): Promise<void> {
  await placeWith(paths, (target) => rename(unfinished, target));
}

/** Gives a finished file its key's place when that is free. Of many at once, exactly one gets true. */
export async function linkInto(unfinished: string, paths: KeyPaths): Promise<boolean> {
  try {
    await placeWith(paths, (target) => link(unfinished, target));
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** A claim that its holder left behind, having been killed, stands in nobody's way for longer. */
const CLAIM_LIVES_MS = 10_000;

/**
 * Does the replacement of one version of an object while nobody else does: the version's name in the work folder is the claim.
 * False when another has it.
 */
export async function replaceVersion(root: string, etag: string, replace: () => Promise<boolean>): Promise<boolean> {
  const claim = join(root, WORK_FOLDER, `replacing-${etag}`);
  const age = await stat(claim).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
  if (age > CLAIM_LIVES_MS) await rm(claim, { force: true });
  let file: FileHandle;
  try {
    file = await openIn(join(root, WORK_FOLDER), claim);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
  try {
    await file.close();
    return await replace();
  } finally {
    await rm(claim, { force: true });
  }
}

async function placeWith(paths: KeyPaths, place: (target: string) => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await makeFolders(paths);
      // An object that once moved beside a folder stays there, so that only one place holds it.
      const target = (await exists(paths.beside)) || (await isFolder(paths.path)) ? paths.beside : paths.path;
      await makeFolder(dirname(target));
      await place(target);
      return;
    } catch (error) {
      const folderCame = hasCode(error, 'EISDIR', 'ENOTDIR', 'ENOTEMPTY', 'ENOENT');
      const folderInTheWay = hasCode(error, 'EEXIST') && (await isFolder(paths.path)) && !(await exists(paths.beside));
      if (attempt >= PLACING_ATTEMPTS || !(folderCame || folderInTheWay)) throw error;
    }
  }
}

/** Makes the folders of a key; an object in the place of one moves beside it. */
async function makeFolders({ folders }: KeyPaths): Promise<void> {
  const innermost = folders.at(-1);
  if (innermost === undefined || (await isFolder(innermost.path))) return;
  for (const { path, beside } of folders) {
    // Looked at once: a folder that somebody makes between two looks must never move.
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) continue;
    if (found?.isFile()) {
      await makeFolder(dirname(beside));
      await ignoring('ENOENT', rename(path, beside));
    }
    await makeFolder(path);
  }
}

async function ignoring(code: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!hasCode(error, code)) throw error;
  }
}
