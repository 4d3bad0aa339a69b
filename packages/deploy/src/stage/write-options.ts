import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserInputError } from '@cosmicai/payload';
import { root } from '../root.ts';
import { stageFile, stageOptions } from './stage-options.ts';

/**
 * Writes a stage's file with all options, their meanings and defaults, each of them commented out.
 *
 * @returns its path
 * @throws UserInputError when it is there already, or can't be written
 */
export async function writeStageOptions(stage: string): Promise<string> {
  const file = stageFile(stage);
  if (existsSync(file)) throw new UserInputError(`${file} is there already, and would be lost. Edit it.`);
  // Refuses what can't be a stage's name.
  stageOptions(stage);
  const defaults = await readFile(join(root, 'config/default.yml'), 'utf8');
  // What stands before the first option is about that file.
  const [, ...sections] = defaults.split('\n\n');
  const lines = sections.join('\n\n').split('\n');
  const options = lines.map((line) => (/^\s*(#|$)/.test(line) ? line : `#${line}`));
  const text = [headOf(stage), '', ...options].join('\n');
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    throw new UserInputError(`${file} can't be written: ${(error as Error).message}`, { cause: error });
  }
  return file;
}

function headOf(stage: string): string {
  return `# Stage ${stage}. Each option stands here with its default: take away the # before those that are to be others, and the # before
# the group that they stand in.`;
}
