import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { signal, type Command, type Site } from '../site.ts';

/** A rendezvous server in a process of its own, which outlives the commands of a site. */
export interface Server {
  /** What commands must know to meet through it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Payload file that names it. */
  readonly payload: string;
  /** The processes of the command that runs it, and of the server itself. */
  readonly pids: readonly number[];
  close(): Promise<void>;
}

export async function startServer(site: Site): Promise<Server> {
  const environment = { COSMICAI_RENDEZVOUS_SECRETS: randomBytes(32).toString('hex') };
  const before = new Set(site.processes());
  const command = site.start(['rendezvous', '--host', '127.0.0.1', '--port', '0', '--health-port', '0'], {
    environment,
  });
  const [, port] = (await command.says(/"port":(\d+).*"rendezvous started"/)) ?? [];
  if (port === undefined) throw new Error(`the rendezvous server doesn't start: ${(await command.ended).stderr}`);
  const payload = 'payload.json';
  writeFileSync(site.path(payload), JSON.stringify({ fmi_enabled: true, rendezvous_endpoint: `127.0.0.1:${port}` }));
  return {
    environment,
    payload,
    pids: site.processes().filter((pid) => !before.has(pid)),
    close: () => close(command, site, before),
  };
}

async function close(command: Command, site: Site, before: ReadonlySet<number>): Promise<void> {
  for (const pid of site.processes()) if (!before.has(pid)) signal(pid, 'SIGCONT');
  signal(-command.pid, 'SIGTERM');
  await command.ended;
}
