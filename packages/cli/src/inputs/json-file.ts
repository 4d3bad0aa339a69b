import { readFile } from 'node:fs/promises';
import { parseJsonAs, UserInputError } from '@cosmicai/payload';
import type { z } from 'zod';

/**
 * A JSON file that the command line names.
 *
 * @param file absolute path
 * @throws UserInputError when it can't be read, InvalidInputError when it holds something else
 */
export async function readJson<Schema extends z.ZodType>(file: string, schema: Schema): Promise<z.output<Schema>> {
  return parseJsonAs(schema, await readText(file), file);
}

/** A text file that the command line names. @throws UserInputError when it can't be read */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UserInputError(`${file} can't be read: ${(error as Error).message}`, { cause: error });
  }
}
