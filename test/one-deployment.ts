import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** A name without a file (Linux), which is free again when its process is gone. */
const LOCK = `\0cosmicai-deployment-${import.meta.dirname}`;

/**
 * Does something with the framework in the folders of this repository's stacks while no other test does: it packs each stage into the
 * same folder, `.serverless`.
 */
export async function oneDeployment<T>(work: () => Promise<T>): Promise<T> {
  const lock = createServer();
  for (;;) {
    try {
      lock.listen(LOCK);
      await once(lock, 'listening');
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      await setTimeout(200);
    }
  }
  try {
    return await work();
  } finally {
    lock.close();
  }
}
