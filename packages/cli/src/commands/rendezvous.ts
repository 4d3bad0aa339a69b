import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rendezvousServer } from '@cosmicai/deploy';
import { wakeOrphans } from '@cosmicai/local';
import { Command } from 'commander';
import type { Terminal } from '../output/terminal.ts';

/** The server as the container runs it, in a process of its own; all options are the server's. */
export function rendezvousCommand(terminal: Terminal): Command {
  return new Command('rendezvous')
    .description(
      'Runs the rendezvous server in the foreground until Ctrl-C. All options go to the server: cosmicai rendezvous --help lists them.',
    )
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .argument('[options...]', 'options of the server')
    .action(async (options: string[]) => {
      const server = spawn(process.execPath, [rendezvousServer, ...options], {
        // By the channel the server hears that this process is gone, however it ended.
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        // Ctrl-C reaches this process alone, which passes it on: a second signal would cut the draining short.
        detached: true,
        env: terminal.environment,
      });
      const orphans = wakeOrphans();
      if (server.pid !== undefined) orphans.add(server.pid);
      terminal.signal.addEventListener('abort', () => server.kill('SIGTERM'));
      const [code] = (await once(server, 'exit')) as [number | null];
      orphans.close();
      process.exitCode = code ?? 1;
    });
}
