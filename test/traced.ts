import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** What a process and all that it started did to the world. */
export interface Deeds {
  /** Lookups of names, and internet addresses that it connected or sent to, as strace prints them. */
  readonly calls: readonly string[];
  /** Files and folders that it created or wrote, absolute. */
  readonly created: readonly string[];
  readonly stdout: string;
}

const CALLS = 'connect,sendto,sendmsg,sendmmsg,open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2';

/** Is there a strace that may trace? Says loudly when there is none. */
export function canTrace(): boolean {
  const works = spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', 'true']).status === 0;
  if (!works)
    console.warn(
      'SKIPPED: what programs send and write is seen with strace only; install it with `apt-get install strace`, and allow ptrace.',
    );
  return works;
}

/**
 * Runs Node under strace with nothing in its environment but what is given.
 *
 * @param cwd its folder; what was traced lies there too
 * @throws Error when the program fails
 */
export async function traced(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Deeds> {
  const log = join(cwd, 'strace.log');
  const strace = ['-f', '-qq', '-y', '-s', '1024', '--seccomp-bpf', '-o', log, '-e', `trace=${CALLS}`];
  const { stdout } = await promisify(execFile)('strace', [...strace, process.execPath, ...args], {
    cwd,
    env,
    maxBuffer: 1 << 26,
  });
  const lines = wholeCalls(await readFile(log, 'utf8'));
  return {
    calls: lines.filter((line) => /sa_family=AF_INET|nscd/.test(line)),
    created: lines.flatMap((line) => createdBy(line, cwd)),
    stdout,
  };
}

/** Calls in which another thread's came between stand on two lines. */
function wholeCalls(text: string): string[] {
  const begun = new Map<string, string>();
  return text.split('\n').flatMap((line) => {
    const [, thread = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (rest.endsWith('<unfinished ...>')) {
      begun.set(thread, rest.slice(0, -'<unfinished ...>'.length));
      return [];
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    return [resumed === null ? rest : `${begun.get(thread) ?? ''}${resumed[1]!}`];
  });
}

function createdBy(call: string, cwd: string): string[] {
  if (call.includes(' = -1 ')) return [];
  const [, name = ''] = /^(\w+)\(/.exec(call) ?? [];
  if (/^(open|creat)/.test(name)) {
    const opened = /\) = \d+<(.*)>$/.exec(call)?.[1];
    const writes = name === 'creat' || /O_CREAT|O_WRONLY|O_RDWR/.test(call);
    return writes && opened !== undefined && !/^\/(dev|proc)\//.test(opened) ? [opened] : [];
  }
  const paths = [...call.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, path]) => resolve(cwd, path!));
  return /^(mkdir|rename)/.test(name) ? paths.slice(-1) : [];
}
