import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVENT_LOG, parseEventLog, type RunEvent } from '@cosmicai/payload';

/** The events that an execution has written so far, without a half-written last line. */
export function eventsIn(directory: string): readonly RunEvent[] {
  const file = join(directory, EVENT_LOG);
  return existsSync(file) ? parseEventLog(readFileSync(file), file).events : [];
}

/** Folders of the executions below a results folder. */
export function executionsIn(results: string): string[] {
  const folder = join(results, 'executions');
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

/**
 * Waits for an event of the only execution below a results folder.
 *
 * @throws when the command ends before
 */
export async function eventOf<E extends RunEvent>(
  results: string,
  ended: Promise<{ readonly stderr: string }>,
  matches: (event: RunEvent) => event is E,
): Promise<{ event: E; directory: string }> {
  let over: { readonly stderr: string } | undefined;
  void ended.then((end) => (over = end));
  for (;;) {
    for (const directory of executionsIn(results)) {
      const event = eventsIn(directory).find(matches);
      if (event !== undefined) return { event, directory };
    }
    if (over !== undefined) throw new Error(`The command ended before the event: ${over.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** The event of a type with the fields given. */
export function ofType<T extends RunEvent['type']>(type: T, fields: Partial<RunEvent> = {}) {
  return (event: RunEvent): event is Extract<RunEvent, { type: T }> =>
    event.type === type && Object.entries(fields).every(([name, value]) => event[name as keyof RunEvent] === value);
}
