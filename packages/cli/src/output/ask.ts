import { createInterface } from 'node:readline/promises';
import { UserInputError, visible } from '@cosmicai/payload';
import type { Terminal } from './terminal.ts';

/**
 * Asks the person at the terminal before something is deleted.
 *
 * @returns the answer
 * @throws UserInputError where nobody can be asked, which names the option that stands for a yes
 */
export async function ask(question: string, { interactive, signal }: Terminal): Promise<string> {
  if (!interactive || !process.stdin.isTTY)
    throw new UserInputError('There is no terminal to ask on: give --yes to delete without being asked.');
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await asking.question(visible(`${question} `), { signal })).trim();
  } finally {
    asking.close();
  }
}
