import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** A socket's file, so that it holds in a rehearsal too, whose network is another. */
const LOCK = join(
  tmpdir(),
  `cosmicai-deployment-${createHash('sha1')
    .update(import.meta.dirname)
    .digest('hex')
    .slice(0, 12)}.sock`,
);

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
      // Of a process that was killed.
      if (!(await isHeld())) rmSync(LOCK, { force: true });
      await setTimeout(200);
    }
  }
  try {
    return await work();
  } finally {
    lock.close();
  }
}

async function isHeld(): Promise<boolean> {
  const client = connect(LOCK);
  try {
    await once(client, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    client.destroy();
  }
}
