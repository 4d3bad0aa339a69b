/** A network that leads nowhere: all that is asked of elsewhere fails at once, and is counted. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

const INSIDE = 'COSMICAI_REHEARSAL_INSIDE';

export const isInside = () => process.env[INSIDE] === '1';

export function whyNoNetworkOfItsOwn(): string | undefined {
  try {
    execFileSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'no unshare and ip (iproute2) that may be used';
  }
}

/** Runs this program again, with the same arguments, where there is nothing but this machine's loopback. */
export async function again(environment: Readonly<Record<string, string>>): Promise<number> {
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const script = 'ip link set lo up && exec "$@"';
  const child = spawn('unshare', ['--net', 'sh', '-c', script, 'sh', ...command], {
    stdio: 'inherit',
    env: { ...process.env, ...environment, [INSIDE]: '1' },
  });
  const stop = (signal: NodeJS.Signals) => void child.kill(signal);
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

/** How often anything here wanted to go elsewhere, since there is this network. */
export function attemptsElsewhere(): number {
  const lines = readFileSync('/proc/self/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Ip:'));
  const [names = [], values = []] = lines.map((line) => line.split(' '));
  const six = /^Ip6OutNoRoutes\s+(\d+)/m.exec(readFileSync('/proc/self/net/snmp6', 'utf8'))?.[1] ?? 0;
  return Number(values[names.indexOf('OutNoRoutes')] ?? 0) + Number(six);
}
