import { join } from 'node:path';
import { inRepository, root } from '../root.ts';
import { ownPackagesArePure } from './lighter-start.ts';
import { describe, DESCRIPTION, writeBundles, type Bundle } from './bundle.ts';

/** The program of a task of an array, and what it starts and finds beside itself: the processes of functions, a thread that tries the model. */
const ENTRIES = [
  'packages/cli/src/task.ts',
  'packages/local/src/pool/bootstrap.ts',
  'packages/inference/src/session-worker.ts',
];

/** Bundles what the tasks of an array start, the commands `init`, `rank` and `summarize`; a built package has it and makes none. */
export async function taskBundle(): Promise<Pick<Bundle, 'folder' | 'files' | 'description'>> {
  const folder = join(root, 'packages/cli/dist/task');
  const sets = [{ entries: ENTRIES.map((name) => join(root, name)), splitting: true }];
  const { files } = inRepository ? await writeBundles(folder, sets, [ownPackagesArePure]) : await describe(folder);
  return { folder, files, description: DESCRIPTION };
}
