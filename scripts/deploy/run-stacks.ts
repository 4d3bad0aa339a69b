import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { root } from './stage-options.ts';

/** Stacks of the functions; the root stack goes before them and is removed after them. */
const FUNCTION_STACKS = ['services/init', 'services/inference', 'services/summarize'] as const;

/**
 * Runs the framework in a stack's folder, showing what it says.
 *
 * @throws Error when it fails
 */
export async function sls(stack: string, args: readonly string[]): Promise<void> {
  await command(join(root, 'node_modules/.bin/sls'), args, join(root, stack));
}

/** The same for the stacks of all functions at once: they don't know each other, and most of the time is CloudFormation's. */
export async function slsForFunctions(args: readonly string[]): Promise<void> {
  const results = await Promise.allSettled(FUNCTION_STACKS.map((stack) => sls(stack, args)));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** Runs a command to its end; `input` goes to its stdin. */
export async function command(name: string, args: readonly string[], cwd: string, input?: string): Promise<void> {
  const child = spawn(name, args, { cwd, stdio: [input === undefined ? 'inherit' : 'pipe', 'inherit', 'inherit'] });
  // A command that ends before it has read everything says why by its exit code.
  child.stdin?.on('error', () => undefined).end(input);
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  if (code !== 0)
    throw new Error(`"${name} ${args.join(' ')}" in ${cwd} ended with ${signal ?? `exit code ${String(code)}`}.`);
}
