import { dirname, join } from 'node:path';
import { memoryGroups, type GroupFiles } from '../src/functions/memory-group.ts';

const ROOT = '/sys/fs/cgroup';

/** The kernel's rules for control groups of version 2 (Documentation/admin-guide/cgroup-v2.rst), as far as memory goes. */
class VersionTwo implements GroupFiles {
  readonly groups = new Map<
    string,
    { processes: Set<string>; memory: boolean; passesOn: boolean; wrote: Map<string, string> }
  >();
  readonly #isRoot: boolean;

  constructor({
    isRoot,
    processes = [],
    passesOn = false,
  }: {
    isRoot: boolean;
    processes?: string[];
    passesOn?: boolean;
  }) {
    this.#isRoot = isRoot;
    this.groups.set(ROOT, { processes: new Set(processes), memory: !isRoot, passesOn, wrote: new Map() });
  }

  exists(path: string): boolean {
    const group = this.groups.get(dirname(path));
    const name = path.slice(dirname(path).length + 1);
    if (this.groups.has(path)) return true;
    if (group === undefined) return false;
    if (name === 'cgroup.type') return dirname(path) !== ROOT || !this.#isRoot;
    return (
      name.startsWith('cgroup.') || (group.memory && ['memory.max', 'memory.swap.max', 'memory.events'].includes(name))
    );
  }

  read(path: string): string {
    if (!this.exists(path)) throw Object.assign(new Error(path), { code: 'ENOENT' });
    const group = this.groups.get(dirname(path))!;
    if (path.endsWith('cgroup.controllers')) return 'cpuset cpu io memory pids\n';
    if (path.endsWith('cgroup.subtree_control')) return group.passesOn ? 'cpu memory\n' : 'cpu\n';
    if (path.endsWith('memory.events')) return 'low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\noom_group_kill 0\n';
    return [...group.processes].map((id) => `${id}\n`).join('');
  }

  write(path: string, text: string): void {
    if (!this.exists(path)) throw Object.assign(new Error(path), { code: 'ENOENT' });
    const folder = dirname(path);
    const group = this.groups.get(folder)!;
    if (path.endsWith('cgroup.subtree_control')) {
      // No process where controllers are passed on, but in the root.
      const inner = group.processes.size > 0 && !(folder === ROOT && this.#isRoot);
      if (inner) throw Object.assign(new Error(path), { code: 'EBUSY' });
      group.passesOn = text === '+memory';
      for (const [below, one] of this.groups) if (dirname(below) === folder) one.memory = true;
    } else if (path.endsWith('cgroup.procs')) {
      if (text === 'gone') {
        this.groups.get(ROOT)!.processes.delete(text);
        throw Object.assign(new Error(path), { code: 'ESRCH' });
      }
      for (const one of this.groups.values()) one.processes.delete(text);
      group.processes.add(text);
    } else group.wrote.set(path.slice(folder.length + 1), text);
  }

  make(folder: string): void {
    if (this.groups.has(folder)) throw Object.assign(new Error(folder), { code: 'EEXIST' });
    const memory = this.groups.get(dirname(folder))!.passesOn;
    this.groups.set(folder, { processes: new Set(), memory, passesOn: false, wrote: new Map() });
  }

  remove(folder: string): void {
    if (this.groups.get(folder)!.processes.size > 0) throw Object.assign(new Error(folder), { code: 'EBUSY' });
    this.groups.delete(folder);
  }
}

describe('a group with a limit on memory, in control groups of version 2', () => {
  const limits = (kernel: VersionTwo, name: string) => Object.fromEntries(kernel.groups.get(join(ROOT, name))!.wrote);

  it('lies below the root, where processes may stay', () => {
    const kernel = new VersionTwo({ isRoot: true, processes: ['1', '7'] });
    const group = memoryGroups(kernel)!.make('a', 512);
    expect(limits(kernel, 'cosmicai-a')).toEqual({ 'memory.max': '536870912', 'memory.swap.max': '0' });
    expect([...kernel.groups.get(ROOT)!.processes]).toEqual(['1', '7']);
    expect(group.processes).toBe(`${ROOT}/cosmicai-a/cgroup.procs`);
    expect(group.kills()).toBe(1);
    group.remove();
    expect([...kernel.groups.keys()]).toEqual([ROOT]);
  });

  it('lies below a container’s own group once its processes have left that, those that end meanwhile too', () => {
    const kernel = new VersionTwo({ isRoot: false, processes: ['1', 'gone', '7'] });
    const groups = memoryGroups(kernel)!;
    groups.make('a', 512);
    expect(limits(kernel, 'cosmicai-a')).toHaveProperty(['memory.max'], '536870912');
    expect([...kernel.groups.get(join(ROOT, 'cosmicai-others'))!.processes]).toEqual(['1', '7']);
    // Another process of the stand-in finds it so.
    memoryGroups(kernel)!.make('b', 256);
    expect(limits(kernel, 'cosmicai-b')).toHaveProperty(['memory.max'], '268435456');
  });

  it('moves nobody where memory is passed on already', () => {
    const kernel = new VersionTwo({ isRoot: false, passesOn: true });
    expect(memoryGroups(kernel)).toBeDefined();
    expect([...kernel.groups.keys()]).toEqual([ROOT]);
  });

  it('can’t be had where nothing may be written', () => {
    const kernel = new VersionTwo({ isRoot: true, passesOn: true });
    kernel.make = () => {
      throw Object.assign(new Error('read-only'), { code: 'EROFS' });
    };
    expect(memoryGroups(kernel)).toBeUndefined();
  });
});
