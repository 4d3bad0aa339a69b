import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { EnvironmentError } from '@cosmicai/payload';
import { FRAMEWORK, openStacks } from './stacks.ts';
import { stagesFolder } from './stage-options.ts';

/** What commands of ours print on stdout is theirs alone. */
const ON_STDERR = 2;

/**
 * Runs the framework in a stack's folder, showing on stderr what it says.
 *
 * @throws EnvironmentError when it fails
 */
export async function sls(stack: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  await using stacks = await openStacks();
  const folder = stagesFolder();
  await command(process.execPath, [FRAMEWORK, ...args], {
    cwd: join(stacks.folder, stack),
    signal,
    environment: { ...process.env, ...(folder !== undefined && { COSMICAI_STAGES: folder }) },
  });
}

/** The same for several stacks at once, which don't know each other: most of the time is CloudFormation's. */
export async function slsTogether(
  stacks: readonly string[],
  args: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const results = await Promise.allSettled(stacks.map((stack) => sls(stack, args, signal)));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly signal: AbortSignal;
  /** Default: that of this process. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Goes to its stdin. */
  readonly input?: string;
}

/** Runs a command to its end, or until the signal ends it. */
export async function command(
  name: string,
  args: readonly string[],
  { cwd, signal, environment = process.env, input }: CommandOptions,
): Promise<void> {
  signal.throwIfAborted();
  const stdin = input === undefined ? 'inherit' : 'pipe';
  const child = spawn(name, args, { cwd, env: environment, stdio: [stdin, ON_STDERR, 'inherit'] });
  const end = () => void child.kill('SIGTERM');
  signal.addEventListener('abort', end);
  try {
    // A command that ends before it has read everything says why by its exit code.
    child.stdin?.on('error', () => undefined).end(input);
    const [code, killedBy] = (await once(child, 'exit')) as [number | null, string | null];
    if (code === 0) return;
    const how = killedBy ?? `exit code ${String(code)}`;
    throw new EnvironmentError(`"${name} ${args.join(' ')}" in ${cwd} ended with ${how}.`);
  } finally {
    signal.removeEventListener('abort', end);
  }
}
