import { spawn } from 'node:child_process';

/** Processes that must not outlive this one. */
export interface Orphans {
  add(pid: number): void;
  delete(pid: number): void;
  close(): void;
}

/**
 * Reads `+ <pid>` and `- <pid>` until nobody is left who could write, and wakes those that are left then. A signal to go on does
 * no harm to whoever has got the number of a process that has ended meanwhile.
 */
const SCRIPT = `
pids=
while read -r change pid; do
  rest=
  for one in $pids; do [ "$one" = "$pid" ] || rest="$rest $one"; done
  [ "$change" = + ] && rest="$rest $pid"
  pids=$rest
done
[ -z "$pids" ] || kill -CONT $pids
`;

/**
 * Wakes stopped processes when this one is gone, killed without a chance to end them: a process ends by itself when its channel
 * to the engine closes, but not while it is stopped. (The system does so too, but only for jobs of an interactive shell.) A shell
 * does it, of a session of its own so that nothing that ends or stops this process reaches it; where there is none, nobody does.
 */
export function wakeOrphans(): Orphans {
  const shell = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  const tell = (line: string) => {
    if (shell.stdin.writable) shell.stdin.write(line);
  };
  return {
    add: (pid) => tell(`+ ${pid}\n`),
    delete: (pid) => tell(`- ${pid}\n`),
    close: () => void shell.stdin.end(),
  };
}
