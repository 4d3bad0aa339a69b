import { Writable } from 'node:stream';
import { terminalOf } from '../../src/output/terminal.ts';
import { runCli } from '../../src/program.ts';

/** Runs a command line in this process. */
export async function cosmicai(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
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
    { interactive: false, environment: {}, cwd: process.cwd(), signal: new AbortController().signal },
  );
  const code = await runCli(args, terminal);
  return { code, ...texts };
}
