import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogLine, LogQuery } from '@cosmicai/engine';
import { UserInputError } from '@cosmicai/payload';

/**
 * What the functions of an execution printed, function by function, oldest first.
 *
 * @throws UserInputError when the folder holds no logs, or no function is called so
 */
export async function functionLogs(
  directory: string,
  { function: asked = '', filter = '' }: Omit<LogQuery, 'execution'>,
): Promise<LogLine[]> {
  const folder = join(directory, 'logs');
  const files = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.log')).sort();
  if (files.length === 0) throw new UserInputError(`${directory} holds no logs of an execution.`);
  const named = files.filter((name) => functionOf(name).includes(asked));
  if (named.length === 0) {
    throw new UserInputError(`No function is called *${asked}*. There are: ${files.map(functionOf).join(', ')}.`);
  }
  const lines: LogLine[] = [];
  for (const name of named) {
    const text = await readFile(join(folder, name), 'utf8');
    for (const message of text.split('\n'))
      if (message !== '' && message.includes(filter))
        lines.push({ time: timeOf(message), function: functionOf(name), message });
  }
  return lines;
}

function functionOf(file: string): string {
  return file.slice(0, -'.log'.length);
}

/** Our functions log JSON with a timestamp; what else a process prints has none. */
function timeOf(line: string): string | null {
  return /"timestamp":"([^"]+)"/.exec(line)?.[1] ?? null;
}
