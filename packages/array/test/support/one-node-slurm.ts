import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Why Slurm can't run here; undefined where it can. */
export function whyNoSlurm(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can start its daemons';
  const missing = ['/usr/sbin/munged', '/usr/sbin/slurmctld', '/usr/sbin/slurmd'].find((path) => !existsSync(path));
  return missing === undefined ? undefined : `${missing} is not installed (apt-get install slurm-wlm)`;
}

export interface OneNodeSlurm extends AsyncDisposable {
  /** Runs one of its commands, or a script that calls them. @returns what it printed */
  command(name: string, ...args: string[]): Promise<string>;
  /** Waits until nothing is queued or at work. */
  idle(): Promise<void>;
}

/** Starts a cluster of this machine alone, with daemons and files of its own. */
export async function oneNodeSlurm(folder: string, path: string): Promise<OneNodeSlurm> {
  const at = (name: string) => join(folder, name);
  const node = hostname().split('.')[0]!;
  await mkdir(at('state'), { recursive: true });
  await mkdir(at('spool'));
  await writeFile(at('munge.key'), randomBytes(1024), { mode: 0o600 });
  await run('munged', [
    '--force',
    ...['--key-file', at('munge.key'), '--socket', at('munge.socket'), '--pid-file', at('munge.pid')],
    ...['--log-file', at('munge.log'), '--seed-file', at('munge.seed')],
  ]);
  const settings = {
    ...{ ClusterName: 'test', SlurmctldHost: `${node}(127.0.0.1)`, SlurmUser: 'root', SlurmdUser: 'root' },
    ...{ AuthType: 'auth/munge', AuthInfo: `socket=${at('munge.socket')}`, CredType: 'cred/munge' },
    ...{ SlurmctldPort: 16_817, SlurmdPort: 16_818, StateSaveLocation: at('state'), SlurmdSpoolDir: at('spool') },
    ...{ SlurmctldPidFile: at('slurmctld.pid'), SlurmdPidFile: at('slurmd.pid') },
    ...{ SlurmctldLogFile: at('slurmctld.log'), SlurmdLogFile: at('slurmd.log') },
    ...{ ProctrackType: 'proctrack/linuxproc', TaskPlugin: 'task/none', MpiDefault: 'none', ReturnToService: 2 },
    ...{ SelectType: 'select/cons_tres', SelectTypeParameters: 'CR_Core', RequeueExit: '' },
  };
  const lines = Object.entries(settings)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${value}`);
  const conf = at('slurm.conf');
  await writeFile(
    conf,
    `${lines.join('\n')}\nNodeName=${node} NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000\nPartitionName=all Nodes=ALL Default=YES State=UP\n`,
  );
  const env = { ...process.env, SLURM_CONF: conf, PATH: `${path}:/usr/sbin:${process.env.PATH ?? ''}` };
  await run('slurmctld', ['-f', conf], { env });
  await run('slurmd', ['-f', conf], { env });
  const command = async (name: string, ...args: string[]) => (await run(name, args, { env })).stdout.trim();
  return {
    command,
    async idle() {
      while ((await command('squeue', '--noheader')) !== '') await setTimeout(100);
    },
    async [Symbol.asyncDispose]() {
      spawnSync('scancel', ['--user', 'root'], { env });
      for (const daemon of ['slurmd', 'slurmctld', 'munge']) {
        const pid = Number(await readFile(at(`${daemon}.pid`), 'utf8').catch(() => 'NaN'));
        if (!Number.isInteger(pid)) continue;
        process.kill(pid, 'SIGTERM');
        while (existsSync(`/proc/${pid}`)) await setTimeout(50);
      }
    },
  };
}
