import { coresGiven } from '../src/cores-given.ts';

const given = (visible: number, files: Readonly<Record<string, string>>, environment: Record<string, string> = {}) =>
  coresGiven({ visible, environment, read: (path) => files[path] });

describe('the cores that a process is given', () => {
  it('are those that it sees where nothing limits it', () => {
    expect(given(8, {})).toBe(8);
    expect(given(8, { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' })).toBe(8);
    const files = { '/proc/self/cgroup': '1:cpu:/\n', '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n' };
    expect(given(8, { ...files, '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n' })).toBe(8);
  });

  it.each([
    ['100000 100000', 1],
    ['150000 100000', 2],
    ['140000 100000', 1],
    ['5000 100000', 1],
    ['300000 100000', 3],
    ['1600000 100000', 8],
  ])('are as many as version 2 grants: %s', (max, cores) => {
    expect(given(8, { '/proc/self/cgroup': '0::/a/b\n', '/sys/fs/cgroup/a/b/cpu.max': `${max}\n` })).toBe(cores);
  });

  it('are as many as the narrowest group above grants', () => {
    const files = { '/proc/self/cgroup': '0::/a/b\n', '/sys/fs/cgroup/a/b/cpu.max': '400000 100000\n' };
    expect(given(8, { ...files, '/sys/fs/cgroup/a/cpu.max': '200000 100000\n' })).toBe(2);
    // In a container's own view the path is not there, and its root is the group.
    expect(given(8, { '/proc/self/cgroup': '0::/a/b\n', '/sys/fs/cgroup/cpu.max': '300000 100000\n' })).toBe(3);
    expect(given(8, { '/proc/self/cgroup': '0::/a\n', '/sys/fs/cgroup/unified/a/cpu.max': '300000 100000\n' })).toBe(3);
  });

  it.each(['cpu', 'cpu,cpuacct'])('are as many as version 1 grants, mounted as %s', (controllers) => {
    const folder = `/sys/fs/cgroup/${controllers}/job`;
    const files = {
      '/proc/self/cgroup': `7:memory:/job\n3:${controllers}:/job\n2:cpuset:/job\n0::/\n`,
      [`${folder}/cpu.cfs_quota_us`]: '200000\n',
      [`${folder}/cpu.cfs_period_us`]: '100000\n',
    };
    expect(given(8, files)).toBe(2);
  });

  it.each([
    [512, 1],
    [1769, 1],
    [2400, 1],
    [3008, 2],
    [10240, 6],
  ])('are those of a function of %d MB', (memory, cores) => {
    const environment = { AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory) };
    expect(given(6, {}, environment)).toBe(cores);
    // Where no function runs, its memory says nothing of cores.
    expect(given(6, {}, { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory) })).toBe(6);
  });
});
