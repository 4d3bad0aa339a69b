import { withFormat } from '@cosmicai/payload';
import type { Writable } from 'node:stream';

/** Where a command prints and what it may know of its surroundings. Results go to stdout, everything else to stderr. */
export interface Terminal {
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** True when a person watches: progress is drawn over itself instead of line by line. */
  readonly interactive: boolean;
  readonly environment: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Aborted by Ctrl-C, or any other signal that asks a process to end: commands stop cleanly and leave what `--resume` needs. */
  readonly signal: AbortSignal;
}

/** Ctrl-C, `kill`, a terminal that was closed or a connection that broke, Ctrl-\. */
const STOPPING = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * The terminal of this process. The first Ctrl-C stops cleanly, a second one at once. Work goes on when nobody reads its
 * output any more (`cosmicai run … | head`).
 */
export function processTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) stopAtOnce();
    process.stderr.write('\nStopping; press Ctrl-C again to stop at once.\n');
    controller.abort();
  };
  for (const signal of STOPPING) process.on(signal, stop);
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    interactive: process.stderr.isTTY && process.env.CI === undefined,
    environment: process.env,
    cwd: process.cwd(),
    signal: controller.signal,
  };
}

/** Not by process.exit, which stops threads within a forward pass: onnxruntime-node then aborts the process, in words of its own. */
function stopAtOnce(): never {
  for (const signal of STOPPING) process.removeAllListeners(signal);
  process.kill(process.pid, 'SIGINT');
  return process.exit(130);
}

export function printLine(to: Writable, text = ''): void {
  to.write(`${text}\n`);
}

/** What `--json` prints. Objects tell the format that they are in; lists have no place for it. */
export function printJson(terminal: Terminal, value: object): void {
  printLine(terminal.stdout, JSON.stringify(Array.isArray(value) ? value : withFormat(value), null, 2));
}
