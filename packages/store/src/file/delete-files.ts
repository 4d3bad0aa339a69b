import { lstat, rmdir, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from './file-errors.ts';
import { prefixFolder } from './key-paths.ts';
import { listFiles } from './list-files.ts';

/** Deletes a file; one that isn't there is no error, and a folder stays. */
export async function deleteFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR')) return;
    // macOS answers EPERM for a folder.
    if (hasCode(error, 'EPERM') && (await lstat(path)).isDirectory()) return;
    throw error;
  }
}

/**
 * Deletes every file whose key begins with the prefix; answers how many. Of links the link is deleted and what it leads to
 * stays, also where the prefix names a folder that is one: somebody else's files may lie there.
 *
 * @param onDelete called for each with the number of those before
 */
export async function deleteFiles(root: string, prefix: string, onDelete?: (before: number) => void): Promise<number> {
  const whole = prefix.endsWith('/') ? prefixFolder(root, prefix).path : undefined;
  if (whole !== undefined && (await isLink(whole))) {
    await deleteFile(whole);
    onDelete?.(0);
    await removeEmptied(root, dirname(whole));
    return 1;
  }
  let deleted = 0;
  let folder = root;
  for await (const { path } of listFiles(root, prefix, {}, 'themselves')) {
    await deleteFile(path);
    onDelete?.(deleted);
    deleted++;
    if (dirname(path) !== folder) await removeEmptied(root, folder);
    folder = dirname(path);
  }
  await removeEmptied(root, folder);
  return deleted;
}

async function isLink(path: string): Promise<boolean> {
  return await lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  );
}

/** Removes folders that deletes have emptied, from the innermost outwards, below the root. */
export async function removeEmptied(root: string, folder: string): Promise<void> {
  for (let path = folder; path !== root && path.startsWith(root); path = dirname(path)) {
    try {
      await rmdir(path);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) continue;
      return;
    }
  }
}
