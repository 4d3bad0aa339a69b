import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.ts';
import { hasProgram } from './programs.ts';

/** Why AWS can't be imitated here; undefined when it can. */
export function whyNoMoto(): string | undefined {
  return hasProgram('moto_server', '--help')
    ? undefined
    : 'moto_server is not on the PATH (pip install "moto[server]")';
}

export interface MotoServer {
  readonly url: string;
  /** Makes an empty bucket. */
  createBucket(name: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts moto, an imitation of the AWS APIs, on a free port.
 *
 * @param environment beside this process's
 * @param server what takes moto_server's options in its place
 * @param port one that is free
 */
export async function startMoto(
  environment: Readonly<Record<string, string>> = {},
  server: { readonly program: string; readonly args: readonly string[] } = { program: 'moto_server', args: [] },
  port?: number,
): Promise<MotoServer> {
  port ??= await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(server.program, [...server.args, '-H', '127.0.0.1', '-p', String(port)], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, MOTO_PORT: String(port), ...environment },
  });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  const ready = new Promise<void>((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (lines.length < 50) lines.push(line);
      if (line.includes('Running on')) resolve();
    });
  });
  const failed = exited.then(([code]) => {
    throw new Error(`${server.program} ended with exit code ${String(code)}:\n${lines.join('\n')}`);
  });
  await Promise.race([ready, failed]);
  failed.catch(() => undefined);
  return {
    url,
    createBucket: async (name) => {
      const { ok, status } = await fetch(`${url}/${name}`, { method: 'PUT' });
      if (!ok) throw new Error(`moto_server answered ${status} to making the bucket ${name}.`);
    },
    stop: async () => {
      child.kill();
      await exited;
    },
  };
}
