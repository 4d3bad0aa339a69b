import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of a run's executions: beside the results when they are on this machine, else below the current folder. */
export function executionsFolder(bucket: string, resultPath: string, cwd: string): string {
  const results = bucket.startsWith('file:') ? join(fileURLToPath(bucket), resultPath) : resolve(cwd, 'cosmicai');
  return join(results, 'executions');
}
