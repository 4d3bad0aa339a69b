import type { Writable } from 'node:stream';
import { visible, visibleLines, withFormat } from '@cosmicai/payload';
import { removeBegunFiles } from '@cosmicai/store';

/** Text that goes to people, or to a program. What a terminal would obey in it is shown instead, as JSON escapes it. */
export interface Output {
  write(text: string): void;
}

/** Where a command prints and what it may know of its surroundings. Results go to stdout, everything else to stderr. */
export interface Terminal extends Surroundings {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Data that a command was asked for on stdout, byte for byte, for the program that reads it. */
  readonly data: Writable;
  /** Shows a line on stderr in place of the one that was drawn before; nothing takes that one away. Where a person watches only. */
  draw(line: string): void;
}

interface Surroundings {
  /** True when a person watches: progress is drawn over itself instead of line by line. */
  readonly interactive: boolean;
  readonly environment: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Aborted by Ctrl-C, or any other signal that asks a process to end: commands stop cleanly and leave what `--resume` needs. */
  readonly signal: AbortSignal;
}

export interface Streams {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** A terminal that prints to streams; nothing else does, so nothing that is printed can steer what shows it. */
export function terminalOf({ stdout, stderr }: Streams, surroundings: Surroundings): Terminal {
  return {
    ...surroundings,
    stdout: shownOn(stdout),
    data: stdout,
    stderr: shownOn(stderr),
    draw: (line) => void stderr.write(`\r\u001b[2K${shortened(visible(line), columnsOf(stderr))}`),
  };
}

const DEFAULT_COLUMNS = 80;

function columnsOf(stream: Writable): number {
  return 'columns' in stream && typeof stream.columns === 'number' ? stream.columns : DEFAULT_COLUMNS;
}

/** A line that wraps could not be drawn over. */
function shortened(line: string, columns: number): string {
  return line.length < columns ? line : `${line.slice(0, columns - 2)}…`;
}

function shownOn(stream: Writable): Output {
  return { write: (text) => void stream.write(visibleLines(text)) };
}

/** Says on stderr what no command can say any more. */
export function sayLast(text: string): void {
  printBlock(shownOn(process.stderr), text);
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
  return terminalOf(process, {
    interactive: process.stderr.isTTY && process.env.CI === undefined,
    environment: process.env,
    cwd: process.cwd(),
    signal: controller.signal,
  });
}

/** Not by process.exit, which stops threads within a forward pass: onnxruntime-node then aborts the process, in words of its own. */
function stopAtOnce(): never {
  removeBegunFiles();
  for (const signal of STOPPING) process.removeAllListeners(signal);
  process.kill(process.pid, 'SIGINT');
  return process.exit(130);
}

/** Prints one line: a name that holds a line break can't begin another. */
export function printLine(to: Output, text = ''): void {
  to.write(`${visible(text)}\n`);
}

/** Prints lines that were put together: tables, and what has been set in. */
export function printBlock(to: Output, text: string): void {
  to.write(`${text}\n`);
}

/** What `--json` prints. Objects tell the format that they are in; lists have no place for it. */
export function printJson(terminal: Terminal, value: object): void {
  printBlock(terminal.stdout, JSON.stringify(Array.isArray(value) ? value : withFormat(value), null, 2));
}
