import { lstat, rmdir, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from './file-errors.ts';

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
