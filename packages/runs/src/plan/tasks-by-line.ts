import { createHash } from 'node:crypto';
import { rankTaskSchema, type Manifest, type RankTask } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';

/**
 * Reads the tasks of a manifest as it is written, a JSON array with an item a line: neither its bytes nor its text are ever in memory as a
 * whole, which of a million files are hundreds of megabytes.
 *
 * @returns undefined where it is laid out otherwise, or something in it is no task: who reads it as a whole says what is wrong
 * @throws NotFoundError
 */
export async function tasksByLine(
  store: ObjectStore,
  key: string,
): Promise<{ readonly manifest: Manifest; readonly sha256: string } | undefined> {
  const hash = createHash('sha256');
  const decoder = new TextDecoder();
  const tasks: RankTask[] = [];
  let rest = '';
  for await (const chunk of (await store.stream(key)) as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const task = line.endsWith(',') ? taskIn(line.slice(0, -1), tasks.length === 0) : undefined;
      if (task === undefined) return undefined;
      tasks.push(task);
    }
  }
  const last = rest.endsWith(']') ? taskIn(rest.slice(0, -1), tasks.length === 0) : undefined;
  if (last === undefined) return undefined;
  tasks.push(last);
  return { manifest: tasks, sha256: hash.digest('hex') };
}

function taskIn(line: string, isFirst: boolean): RankTask | undefined {
  if (isFirst && !line.startsWith('[')) return undefined;
  try {
    return rankTaskSchema.safeParse(JSON.parse(isFirst ? line.slice(1) : line)).data;
  } catch {
    return undefined;
  }
}
