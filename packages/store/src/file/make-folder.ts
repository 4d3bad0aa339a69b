import { lstat, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from './file-errors.ts';

/** Others may remove what they emptied as fast as it is made. */
const ATTEMPTS = 100;

/**
 * Makes a folder and those above it that are missing; one that is there is no error. Node's own `recursive` never ends where a
 * file system answers "no such folder" for one whose parent exists, as /proc does.
 *
 * @returns the folders that were made, those within others first
 * @throws the file system's error
 */
export async function makeFolder(path: string): Promise<string[]> {
  const above: string[] = [];
  for (let attempt = 1; ; attempt++) {
    try {
      await mkdir(path);
      return [path, ...above];
    } catch (error) {
      if (await isFolder(path)) return above;
      // What was there, or missing, a moment ago may be otherwise by now: only after many attempts is it so.
      const mayPass = hasCode(error, 'EEXIST') || hasCode(error, 'ENOENT');
      if (attempt === ATTEMPTS || !mayPass || dirname(path) === path) throw error;
      if (hasCode(error, 'ENOENT') && !(await isFolder(dirname(path))))
        above.unshift(...(await makeFolder(dirname(path))));
    }
  }
}

/** Whether a folder is there, or a link to one. */
export async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

/** Whether anything has that name, a link to nothing too. */
export async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}
