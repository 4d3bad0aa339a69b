import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** So much memory for some processes, no swap, and the kernel's word on whether that was too little. */
export interface MemoryGroup {
  /** File into which the id of a process is written to have it in the group. */
  readonly processes: string;
  /** Processes that the kernel killed for want of memory. */
  kills(): number;
  /** When none of its processes is alive. */
  remove(): void;
}

/** What the control groups of the kernel are reached by: files, whose rules differ from those of others. */
export interface GroupFiles {
  exists(path: string): boolean;
  read(path: string): string;
  write(path: string, text: string): void;
  make(folder: string): void;
  remove(folder: string): void;
}

const KERNEL: GroupFiles = {
  exists: existsSync,
  read: (path) => readFileSync(path, 'utf8'),
  write: (path, text) => writeFileSync(path, text),
  make: (folder) => mkdirSync(folder),
  remove: (folder) => rmdirSync(folder),
};

const MOUNTED = '/sys/fs/cgroup';
const MIB = 2 ** 20;

/** Where groups with a limit on memory can be made. */
export interface MemoryGroups {
  make(name: string, memoryMb: number): MemoryGroup;
}

/** @returns undefined where there are none, or none to write to */
export function memoryGroups(files: GroupFiles = KERNEL): MemoryGroups | undefined {
  const one = join(MOUNTED, 'memory');
  try {
    if (files.exists(join(one, 'cgroup.procs'))) {
      tryOut(one, files);
      return { make: (name, memoryMb) => versionOne(join(one, `cosmicai-${name}`), memoryMb, files) };
    }
    if (!namesIn(join(MOUNTED, 'cgroup.controllers'), files).includes('memory')) return undefined;
    passMemoryOn(files);
    tryOut(MOUNTED, files);
    return { make: (name, memoryMb) => versionTwo(join(MOUNTED, `cosmicai-${name}`), memoryMb, files) };
  } catch {
    return undefined;
  }
}

function tryOut(folder: string, files: GroupFiles): void {
  const trial = join(folder, `cosmicai-trial-${process.pid}`);
  files.make(trial);
  files.remove(trial);
}

function versionOne(folder: string, memoryMb: number, files: GroupFiles): MemoryGroup {
  files.make(folder);
  const limit = String(memoryMb * MIB);
  files.write(join(folder, 'memory.limit_in_bytes'), limit);
  // Memory and swap together; not there in kernels that don't account for swap.
  const both = join(folder, 'memory.memsw.limit_in_bytes');
  if (files.exists(both)) files.write(both, limit);
  return groupAt(folder, 'memory.oom_control', files);
}

function versionTwo(folder: string, memoryMb: number, files: GroupFiles): MemoryGroup {
  files.make(folder);
  files.write(join(folder, 'memory.max'), String(memoryMb * MIB));
  const swap = join(folder, 'memory.swap.max');
  if (files.exists(swap)) files.write(swap, '0');
  return groupAt(folder, 'memory.events', files);
}

function groupAt(folder: string, events: string, files: GroupFiles): MemoryGroup {
  return {
    processes: join(folder, 'cgroup.procs'),
    kills: () => Number(/^oom_kill (\d+)$/m.exec(files.read(join(folder, events)))?.[1] ?? 0),
    remove: () => files.remove(folder),
  };
}

/**
 * Version 2: gives the groups below the mounted one files for memory. Where that is the kernel's own root, anybody's processes may be
 * in it; another one, as a container has, must hold none itself, so they move into a group below it.
 */
function passMemoryOn(files: GroupFiles): void {
  const control = join(MOUNTED, 'cgroup.subtree_control');
  if (namesIn(control, files).includes('memory')) return;
  // The root has no type.
  if (files.exists(join(MOUNTED, 'cgroup.type'))) moveProcesses(join(MOUNTED, 'cosmicai-others'), files);
  files.write(control, '+memory');
}

function moveProcesses(to: string, files: GroupFiles): void {
  if (!files.exists(to)) files.make(to);
  // Some may begin meanwhile, and then again.
  for (let rounds = 0; rounds < 10; rounds++) {
    const here = namesIn(join(MOUNTED, 'cgroup.procs'), files);
    if (here.length === 0) return;
    for (const id of here) {
      try {
        files.write(join(to, 'cgroup.procs'), id);
      } catch (error) {
        // It has ended.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }
}

function namesIn(path: string, files: GroupFiles): string[] {
  return files
    .read(path)
    .split(/\s+/)
    .filter((name) => name !== '');
}
