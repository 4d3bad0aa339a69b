import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { checkRendezvous, createConnector, deriveRunKey } from '@cosmicai/rendezvous';

const secret = 'a secret of the tests, long enough';
const environmentSecret = secret.replaceAll(' ', '-');
const children: ChildProcess[] = [];

function start(args: readonly string[], environment: NodeJS.ProcessEnv) {
  const main = join(import.meta.dirname, '../src/main.ts');
  const child = spawn(process.execPath, [main, ...args], { env: { PATH: process.env.PATH, ...environment } });
  children.push(child);
  return child;
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

describe('the rendezvous process', () => {
  it('serves, measures itself, keeps secrets out of its log, and leaves on SIGTERM', async () => {
    const child = start(['--port', '0', '--health-port', '0', '--host', '127.0.0.1', '--log-level', 'debug'], {
      COSMICAI_RENDEZVOUS_SECRETS: environmentSecret,
    });
    const lines: string[] = [];
    const started = new Promise<{ port: number; healthPort: number }>((resolve) => {
      createInterface(child.stdout).on('line', (line) => {
        lines.push(line);
        const entry = JSON.parse(line) as { msg: string; port: number; healthPort: number };
        if (entry.msg === 'rendezvous started') resolve(entry);
      });
    });
    const { port, healthPort } = await started;
    const rendezvous = { host: '127.0.0.1', port };
    const runKey = deriveRunKey(environmentSecret, 'run');
    await checkRendezvous({ rendezvous, runId: 'run', runKey, worldSize: 1 });
    const connector = await createConnector({ rendezvous, runId: 'run', runKey, rank: 0, worldSize: 1 });

    const metrics = await (await fetch(`http://127.0.0.1:${healthPort}/metrics`)).text();
    expect(metrics).toMatch(/^rendezvous_members 1$/m);
    expect(metrics).toMatch(/^rendezvous_authenticated_total 2$/m);
    expect(metrics).toContain('process_resident_memory_bytes');

    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number | null];
    await connector.close();
    expect(code).toBe(0);
    const log = lines.join('\n');
    expect(log).toContain('rendezvous stopped');
    expect(log).not.toContain(environmentSecret);
    expect(log).not.toContain(runKey.toString('hex'));
  });

  it('leaves with 2 and a sentence when it has no secret', async () => {
    const child = start(['--port', '0', '--health-port', '0'], {});
    const errors: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(2);
    expect(Buffer.concat(errors).toString()).toContain('needs a secret');
  });
});
