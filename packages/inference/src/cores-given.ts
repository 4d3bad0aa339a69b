import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

/** Memory at which a function has one whole core (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). */
const LAMBDA_MB_PER_CORE = 1769;
const CGROUPS = '/sys/fs/cgroup';

export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Cores that the operating system lets this process see. */
  readonly visible: number;
  /** Text of a file; undefined where there is none. */
  readonly read: (path: string) => string | undefined;
}

/**
 * Cores whose time this process is really given: at most those that it sees, and fewer where a control group (a container's limit,
 * of this group or one above it) or the memory of a Lambda function grants less of their time. Threads beyond that wait for each other.
 */
export function coresGiven({ environment, visible, read }: Surroundings = HERE): number {
  const shares = [...quotas(read), ...lambdaShare(environment)];
  return Math.max(1, Math.min(visible, Math.round(Math.min(...shares))));
}

const HERE: Surroundings = {
  environment: process.env,
  visible: availableParallelism(),
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
};

/** Below 1,769 MB two cores are visible to a function all the same. */
function lambdaShare(environment: Surroundings['environment']): number[] {
  const memory = Number(environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE);
  return environment.AWS_LAMBDA_RUNTIME_API !== undefined && memory > 0 ? [memory / LAMBDA_MB_PER_CORE] : [];
}

/** Of all groups that this process is in, by version 1 and 2 of control groups. */
function quotas(read: Surroundings['read']): number[] {
  return (read('/proc/self/cgroup') ?? '').split('\n').flatMap((line) => {
    const [, hierarchy, controllers, path] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) return [];
    if (hierarchy === '0')
      return ['', 'unified'].flatMap((mount) => upwards(join(CGROUPS, mount), path, quotaOf2(read)));
    if (!controllers.split(',').includes('cpu')) return [];
    return [controllers, 'cpu'].flatMap((mount) => upwards(join(CGROUPS, mount), path, quotaOf1(read)));
  });
}

/** Of a group and those above it; in a container the group's own path may not be there, but its root is. */
function upwards(root: string, path: string, quotaOf: (folder: string) => number | undefined): number[] {
  const above = path === '/' ? [] : upwards(root, dirname(path), quotaOf);
  const own = quotaOf(join(root, path));
  return own === undefined ? above : [...above, own];
}

const quotaOf2 = (read: Surroundings['read']) => (folder: string) => {
  const [quota, period] = (read(join(folder, 'cpu.max')) ?? '').trim().split(' ');
  return share(Number(quota), Number(period));
};

const quotaOf1 = (read: Surroundings['read']) => (folder: string) =>
  share(Number(read(join(folder, 'cpu.cfs_quota_us'))), Number(read(join(folder, 'cpu.cfs_period_us'))));

/** Without a limit the quota is "max", or -1. */
function share(quota: number, period: number): number | undefined {
  return quota > 0 && period > 0 ? quota / period : undefined;
}
