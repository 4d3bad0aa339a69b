import { Writable } from 'node:stream';
import { terminalOf } from '../../src/output/terminal.ts';
import { runCli } from '../../src/program.ts';

/** Runs a command line in this process. */
export function cosmicai(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return cosmicaiIn(process.cwd(), args);
}

let earlier: Promise<unknown> = Promise.resolve();

/** The same for a user who stands in a folder. One at a time, since commands set the exit code of the process. */
export function cosmicaiIn(
  cwd: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const ended = earlier.then(() => typed(cwd, args, environment));
  earlier = ended.catch(() => undefined);
  return ended;
}

async function typed(cwd: string, args: readonly string[], environment: Readonly<Record<string, string>>) {
  const texts = { stdout: '', stderr: '' };
  const into = (name: keyof typeof texts) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        texts[name] += chunk.toString();
        done();
      },
    });
  const terminal = terminalOf(
    { stdout: into('stdout'), stderr: into('stderr') },
    { interactive: false, environment, cwd, signal: new AbortController().signal },
  );
  // Commands set it, and this process is the tests'.
  const before = process.exitCode;
  process.exitCode = undefined;
  try {
    const code = await runCli(args, terminal);
    return { code, ...texts };
  } finally {
    process.exitCode = before;
  }
}
