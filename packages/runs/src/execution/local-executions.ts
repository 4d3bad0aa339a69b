import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EVENT_LOG } from '@cosmicai/payload';
import { pathAt } from '@cosmicai/store';
import type { ResultsPlace, RunPlace } from '../place/run-place.ts';

/** Where executions on this machine lie: beside their results where these are here too, else below the current folder. */
export function executionsFolder({ bucket, resultPath }: ResultsPlace, cwd: string): string {
  const folder = pathAt(bucket);
  const results = folder === undefined ? resolve(cwd, 'cosmicai') : join(folder, resultPath);
  return join(results, 'executions');
}

/**
 * Executions whose process is gone, killed without a chance to say how to go on: only such leave a lock that nobody holds.
 *
 * @param folder of the executions
 * @param isHeld does anybody hold the lock of an execution's folder?
 */
export async function brokenOff(folder: string, isHeld: (directory: string) => boolean): Promise<string[]> {
  const found = await readdir(folder).catch(() => []);
  return found
    .sort()
    .map((name) => join(folder, name))
    .filter((directory) => ['run.json', 'lock.json'].every((name) => existsSync(join(directory, name))))
    .filter((directory) => !isHeld(directory));
}

/** The folder of the newest execution on this machine that worked at a run; undefined where none did. */
export async function executionFolderOf(place: RunPlace, cwd: string): Promise<string | undefined> {
  const folder = executionsFolder(place, cwd);
  for (const name of (await readdir(folder).catch(() => [])).sort().reverse()) {
    const log = await readFile(join(folder, name, EVENT_LOG)).catch(() => undefined);
    if (log?.includes(`"run_id":"${place.runId}"`) === true) return join(folder, name);
  }
  return undefined;
}
