import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** How a command ended and what it printed. */
export interface Ended {
  /** Exit code; null when a signal ended the process. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Largest file that it may write, in blocks of 512 bytes (ulimit -f). */
  readonly fileBlocks?: number;
}

/** A command at work. */
export interface Started {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts the real command, `cosmicai …args`, in a process group of its own, as a shell does. */
export function startCosmicai(args: readonly string[], { cwd, environment = {}, fileBlocks }: CommandOptions): Started {
  const command = [process.execPath, MAIN, ...args];
  const limited = ['sh', '-c', `ulimit -f ${fileBlocks ?? 'unlimited'}; exec "$@"`, 'sh', ...command];
  if (fileBlocks === undefined) return startProgram(command, { cwd, environment });
  // What Node keeps of its modules may be larger than the limit.
  return startProgram(limited, { cwd, environment: { NODE_COMPILE_CACHE: '', ...environment } });
}

/** Starts a program in a process group of its own. */
export function startProgram(
  [program, ...args]: readonly string[],
  { cwd, environment = {} }: Omit<CommandOptions, 'fileBlocks'>,
): Started {
  const child = spawn(program!, args, {
    cwd,
    env: { ...inherited(), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { process: child, ended };
}

/** The tests' surroundings without what would steer the command: its own variables, AWS accounts, Node options. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(COSMICAI_|AWS_|NODE_OPTIONS$|CI$)/.test(name)),
  );
}
