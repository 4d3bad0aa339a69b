// A rendezvous server in a process of its own, as benchmarks and floods need it. Started directly, it is that process.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startRendezvous, type RendezvousServerOptions, type RendezvousStats } from '../src/index.ts';

export const secret = 'a secret for benchmarks, long enough';

export interface ServerProcess {
  readonly port: number;
  /** Resident memory, MiB. */
  memory(): number;
  /** Memory in use after a full garbage collection, MiB: heap and buffers. */
  live(): Promise<number>;
  /** Processor time used since the start, s. */
  cpu(): Promise<number>;
  stats(): Promise<RendezvousStats>;
  stop(): Promise<void>;
}

export async function startServer(options: Partial<RendezvousServerOptions> = {}): Promise<ServerProcess> {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(options)], { execArgv: ['--expose-gc'] });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  child.once('exit', (code, signal) => {
    if (code === 0) return;
    process.stderr.write(`the server ended with ${code ?? signal}\n`);
    process.exit(1);
  });
  const ask = async (question: string): Promise<unknown> => {
    const answer = once(child, 'message');
    child.send(question);
    return (await answer)[0] as unknown;
  };
  return {
    port,
    memory: () => residentMiB(child.pid!),
    cpu: async () => (await ask('cpu')) as number,
    live: async () => (await ask('live')) as number,
    stats: async () => (await ask('stats')) as RendezvousStats,
    stop: async () => {
      child.send('stop');
      await once(child, 'exit');
    },
  };
}

function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kib) / 1_024);
}

function liveMiB(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return Math.round((heapUsed + external) / 1_048_576);
}

if (import.meta.main) {
  const options = JSON.parse(process.argv[2]!) as Partial<RendezvousServerOptions>;
  const server = await startRendezvous({ secrets: [secret], host: '127.0.0.1', port: 0, healthPort: 0, ...options });
  process.on('message', (order) => {
    if (order === 'stats') process.send!(server.stats());
    else if (order === 'cpu') process.send!((process.cpuUsage().user + process.cpuUsage().system) / 1e6);
    else if (order === 'live') process.send!(liveMiB());
    else void server.close(0).then(() => process.disconnect());
  });
  process.send!({ port: server.port });
}
