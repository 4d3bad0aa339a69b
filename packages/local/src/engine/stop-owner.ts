import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { UserInputError } from '@cosmicai/payload';
import { executionOwner } from '../run/execution-lock.ts';

const LOOK_MS = 100;

/**
 * Has the process that works at an execution stop it, as Ctrl-C there would, and waits until it has.
 *
 * @param directory folder of the execution
 * @throws UserInputError when nobody works at it, or somebody on another machine
 */
export async function stopOwner(directory: string): Promise<void> {
  const owner = executionOwner(directory);
  if (owner === undefined) throw new UserInputError(`No process works at the execution in ${directory}.`);
  if (owner.host !== hostname())
    throw new UserInputError(
      `The execution in ${directory} is at work on ${owner.host}. Stop it there: kill ${owner.pid}`,
    );
  process.kill(owner.pid, 'SIGINT');
  while (executionOwner(directory) !== undefined) await setTimeout(LOOK_MS);
}
