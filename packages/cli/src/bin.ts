#!/usr/bin/env node
/*
 * The installed command: runs the program in this Node or, where this one is too old for what it depends on, in the Node 24 that
 * was installed with it. Must load in any Node, so it imports nothing else.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** First with all that the program and its dependencies use. */
const OLDEST = [22, 14] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) {
  stopWithParent();
  keepCompiled();
  await import('./main.ts');
} else {
  startAgain();
}

/** As a process that startAgain() made, ends when that is gone, however it ended. */
function stopWithParent(): void {
  if (!process.connected) return;
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel?.unref();
}

/**
 * Commands, and the functions that they start, are there sooner with what Node has compiled before. It lies in this user's
 * own cache: what is run from there must not be what others could have left.
 */
function keepCompiled(): void {
  const { XDG_CACHE_HOME: caches = '', NODE_DISABLE_COMPILE_CACHE: off, NODE_COMPILE_CACHE: asked } = process.env;
  if (off !== undefined || asked !== undefined) return;
  // As the rules of that variable have it, a relative path is none.
  const base = isAbsolute(caches) ? caches : join(homedir(), '.cache');
  const folder = join(base, 'cosmicai', 'node');
  try {
    // One by one: a home that isn't there is not made, and Node never returns from making folders in /proc.
    for (const path of [base, dirname(folder), folder]) if (!existsSync(path)) mkdirSync(path, { mode: 0o700 });
  } catch {
    return;
  }
  module.enableCompileCache(folder);
  process.env.NODE_COMPILE_CACHE = folder;
}

function startAgain(): void {
  const node = installedNode();
  if (node === undefined) {
    process.stderr.write(
      `cosmicai runs on Node ${OLDEST.join('.')} or newer, this is ${process.version}, and the Node 24 that it brings is not there because install scripts are off: install a newer Node, or install cosmicai again with install scripts on.\n`,
    );
    process.exitCode = 1;
    return;
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  // What a terminal sends reaches the child by itself, as it is in the same process group; this process waits for how it ends.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.once('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function installedNode(): string | undefined {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('node/package.json'));
    return ['bin/node', 'bin/node.exe'].map((name) => join(folder, name)).find((path) => existsSync(path));
  } catch {
    return undefined;
  }
}
