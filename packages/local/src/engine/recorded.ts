import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { resumeCommand, type Outcome, type Watch } from '@cosmicai/engine';
import {
  defined,
  EVENT_LOG,
  jsonValue,
  parseEventLog,
  parseJsonAs,
  reportsIn,
  type RunEvent,
  UserInputError,
} from '@cosmicai/payload';
import { executionOwner } from '../run/execution-lock.ts';
import { placeOf } from './place-of.ts';
import { keptSettings } from './settings.ts';

/** How often the log of another process is looked at. */
const LOOK_MS = 500;

/**
 * Follows an execution of another process, or one that is over, by the log in its folder.
 *
 * @throws UserInputError when the folder holds no execution, or one that was broken off; the abort reason
 */
export async function followRecorded(directory: string, { see, signal }: Watch): Promise<Outcome> {
  let told = 0;
  for (;;) {
    // Before the log, so that the log of one that is over is whole.
    const owner = executionOwner(directory);
    const events = await eventsIn(directory);
    events.slice(told).forEach(see);
    told = events.length;
    if (owner === undefined) return outcomeOf(directory, events);
    await setTimeout(LOOK_MS, undefined, { signal });
  }
}

async function eventsIn(directory: string): Promise<readonly RunEvent[]> {
  const log = join(directory, EVENT_LOG);
  try {
    return parseEventLog(await readFile(log), log).events;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new UserInputError(`${directory} holds no execution.`, { cause: error });
  }
}

async function outcomeOf(directory: string, events: readonly RunEvent[]): Promise<Outcome> {
  const end = events.at(-1);
  if (end?.type !== 'RunEnded')
    throw new UserInputError(`The execution in ${directory} was broken off. Go on with: ${resumeCommand(directory)}`);
  const definition = join(directory, 'definition.json');
  const { status, output = null, error, cause } = end;
  return {
    execution: directory,
    directory,
    status,
    output,
    ...defined({ error, cause }),
    events,
    reports: reportsIn(events),
    definition: parseJsonAs(jsonValue, await readFile(definition, 'utf8'), definition),
    place: placeOf(events, keptSettings(directory).store),
  };
}
