import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RuntimeProcess } from './spawn-runtime.ts';

const ENTER = fileURLToPath(new URL('enter-sandbox.sh', import.meta.url));
const MIB = 2 ** 20;

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
  const group = makeMemoryGroup(basename(options.root), options.memoryMb);
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

interface MemoryGroups {
  readonly version: 1 | 2;
  readonly folder: string;
}

function memoryGroups(): MemoryGroups | undefined {
  const one = '/sys/fs/cgroup/memory';
  if (existsSync(join(one, 'cgroup.procs')) && isWritable(one)) return { version: 1, folder: one };
  const two = '/sys/fs/cgroup';
  try {
    if (!readFileSync(join(two, 'cgroup.controllers'), 'utf8').includes('memory')) return undefined;
    writeFileSync(join(two, 'cgroup.subtree_control'), '+memory');
    return { version: 2, folder: two };
  } catch {
    return undefined;
  }
}

function isWritable(folder: string): boolean {
  const trial = join(folder, `cosmicai-trial-${process.pid}`);
  try {
    mkdirSync(trial);
    rmdirSync(trial);
    return true;
  } catch {
    return false;
  }
}

function makeMemoryGroup(name: string, memoryMb: number) {
  const groups = memoryGroups();
  if (groups === undefined) throw new Error('There is no memory cgroup here.');
  const folder = join(groups.folder, `cosmicai-${name}`);
  mkdirSync(folder);
  const limit = String(memoryMb * MIB);
  if (groups.version === 1) {
    writeFileSync(join(folder, 'memory.limit_in_bytes'), limit);
    if (existsSync(join(folder, 'memory.memsw.limit_in_bytes')))
      writeFileSync(join(folder, 'memory.memsw.limit_in_bytes'), limit);
  } else {
    writeFileSync(join(folder, 'memory.max'), limit);
    if (existsSync(join(folder, 'memory.swap.max'))) writeFileSync(join(folder, 'memory.swap.max'), '0');
  }
  const events = join(folder, groups.version === 1 ? 'memory.oom_control' : 'memory.events');
  return {
    processes: join(folder, 'cgroup.procs'),
    kills: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(events, 'utf8'))?.[1] ?? 0),
    remove: () => {
      rmdirSync(folder);
    },
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
