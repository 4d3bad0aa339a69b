import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
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

  describe('with an end', () => {
    /** ECS, as far as it is asked: each request, and whether somebody still listened on the server's port then. */
    async function standInEcs(status: number) {
      const asked: { body: unknown; listened: boolean }[] = [];
      const state = { port: 0 };
      const server = createServer((request, response) => {
        void (async () => {
          const chunks: Buffer[] = [];
          for await (const chunk of request) chunks.push(chunk as Buffer);
          const socket = connect(state.port, '127.0.0.1');
          const listened = await once(socket, 'connect').then(
            () => true,
            () => false,
          );
          socket.destroy();
          asked.push({ body: JSON.parse(Buffer.concat(chunks).toString()), listened });
          response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
          response.end(status === 200 ? '{}' : '{"__type":"AccessDeniedException","message":"not authorized"}');
        })();
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = server.address() as AddressInfo;
      return { asked, state, url: `http://127.0.0.1:${port}`, [Symbol.dispose]: () => void server.close() };
    }

    async function ended(status: number) {
      using ecs = await standInEcs(status);
      const args = ['--port', '0', '--health-port', '0', '--host', '127.0.0.1', '--idle-minutes', '0.002'];
      const child = start([...args, '--ecs-service', 'cosmicai-dev/rendezvous'], {
        COSMICAI_RENDEZVOUS_SECRETS: environmentSecret,
        AWS_ENDPOINT_URL: ecs.url,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      });
      createInterface(child.stdout).on('line', (line) => {
        const entry = JSON.parse(line) as { msg: string; port: number };
        if (entry.msg === 'rendezvous started') ecs.state.port = entry.port;
      });
      const errors: Buffer[] = [];
      child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
      const [code] = (await once(child, 'close')) as [number | null];
      return { code, asked: ecs.asked, said: Buffer.concat(errors).toString() };
    }

    it('leaves when nobody needs it, and lets nobody in any more when ECS hears that it needs no other', async () => {
      const { code, asked, said } = await ended(200);
      expect([code, said]).toEqual([0, '']);
      expect(asked).toEqual([
        { body: { cluster: 'cosmicai-dev', service: 'rendezvous', desiredCount: 0 }, listened: false },
      ]);
    });

    it('says what it lacks where it may not tell ECS', async () => {
      const { code, said } = await ended(400);
      expect(code).toBe(1);
      expect(said).toMatch(
        /cosmicai-dev\/rendezvous can't be set to no tasks \(not authorized\).*must allow ecs:UpdateService/,
      );
    });
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
