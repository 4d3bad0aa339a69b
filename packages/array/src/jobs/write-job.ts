import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { makeNamedFolder, writeNamedFile } from '@cosmicai/store';
import type { GeneratedFile } from './array-job.ts';

/** Writes the files of a job into a folder. @returns their paths */
export async function writeJob(folder: string, files: readonly GeneratedFile[]): Promise<string[]> {
  await makeNamedFolder(folder, 'Job files');
  const paths: string[] = [];
  for (const { name, text, executable = false } of files) {
    const path = join(folder, name);
    await writeNamedFile(path, 'Job file', text);
    if (executable) await chmod(path, 0o755);
    paths.push(path);
  }
  return paths;
}
