/* Debian's docker-registry (apt-get install docker-registry), a program that others wrote, on this machine's loopback. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { hasProgram } from './programs.ts';

export interface DebianRegistry extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly host: string;
}

/** Whether it is installed; says so where it isn't. */
export function hasDebianRegistry(): boolean {
  const isHere = hasProgram('docker-registry');
  if (!isHere)
    console.warn('docker-registry is not on the PATH (apt-get install docker-registry): not tested against it');
  return isHere;
}

export async function debianRegistry(): Promise<DebianRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'cosmicai-registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  const settings = { version: 0.1, storage: { filesystem: { rootdirectory: folder } }, http: { addr: host } };
  await writeFile(join(folder, 'config.yml'), JSON.stringify(settings));
  const registry = spawn('docker-registry', ['serve', join(folder, 'config.yml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // It says where it listens once it does.
  await new Promise<void>((resolve) => {
    registry.stderr.on('data', (chunk: Buffer) => chunk.includes('listening on') && resolve());
  });
  return {
    host,
    async [Symbol.asyncDispose]() {
      registry.kill();
      if (registry.exitCode === null && registry.signalCode === null) await once(registry, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}
