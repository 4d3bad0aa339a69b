import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { memoryGroups } from './memory-group.ts';
import type { RuntimeProcess } from './spawn-runtime.ts';

const ENTER = fileURLToPath(new URL('enter-sandbox.sh', import.meta.url));

/** Where a function finds what Lambda gives it. */
export const PLACES = { task: '/var/task', runtime: '/var/runtime', node: '/var/lang/bin/node' } as const;

export interface SandboxOptions {
  /** An empty folder, which becomes the root. */
  readonly root: string;
  readonly task: string;
  readonly runtime: string;
  readonly ephemeralStorageMb: number;
  readonly memoryMb: number;
  /** What is run in it, by the places there. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** A process in Lambda's surroundings: read-only root, /tmp of a size, no /dev/shm, another user, so much memory and no swap. */
export interface Sandbox {
  readonly process: RuntimeProcess;
  /** Whether the kernel ended it for want of memory. */
  outOfMemory(): boolean;
  /** Places where it may write, while it lives. */
  writable(): readonly string[];
  /** After its end. */
  remove(): void;
}

/** Why this machine can't; undefined where it can. */
export function whyNoSandbox(): string | undefined {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  if (memoryGroups() === undefined) return 'no memory cgroup (v1 or v2) to write to';
  try {
    execFileSync('unshare', ['--mount', 'setpriv', '--reuid', '993', 'true'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'no unshare and setpriv that may be used';
  }
}

export function enterSandbox(options: SandboxOptions): Sandbox {
  const groups = memoryGroups();
  if (groups === undefined) throw new Error('There is no memory cgroup here.');
  const group = groups.make(basename(options.root), options.memoryMb);
  const { root, task, runtime, ephemeralStorageMb, command, environment } = options;
  const args = [root, task, runtime, process.execPath, String(ephemeralStorageMb), group.processes];
  const child = spawn('unshare', ['--mount', '--propagation', 'private', ENTER, ...args, ...command], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment,
  });
  return {
    process: child,
    outOfMemory: () => group.kills() > 0,
    writable: () => writablePlaces(child.pid),
    remove: () => group.remove(),
  };
}

function writablePlaces(pid: number | undefined): string[] {
  const mounts = readFileSync(`/proc/${String(pid)}/mountinfo`, 'utf8')
    .trim()
    .split('\n');
  return mounts.flatMap((line) => {
    const [, , , , place = '', options = ''] = line.split(' ');
    return options.split(',').includes('rw') ? [place] : [];
  });
}
