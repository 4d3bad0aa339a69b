import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { formatReportLine } from '@cosmicai/metrics';
import {
  EVENT_LOG,
  formatEvent,
  formatField,
  parseEventLog,
  parseJsonAs,
  UserInputError,
  withFormat,
  type RunEvent,
} from '@cosmicai/payload';
import { z } from 'zod';
import type { Json, JsonObject } from '../definition/types.ts';
import { lockExecution } from './execution-lock.ts';

const startSchema = z.object({
  name: z.string(),
  startedAt: z.number(),
  definitionSha256: z.string(),
  input: z.json(),
  format: formatField,
});

/** How a run began: what `run.json` holds. */
export interface RunStart {
  readonly name: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly definitionSha256: string;
  readonly input: Json;
}

/** The folder of one run, locked while it is open: `run.json`, `definition.json`, `events.jsonl`, `reports.log`, `logs/`, `result.json`. */
export interface RunDirectory {
  readonly logs: string;
  readonly start: RunStart;
  /** Events of earlier attempts. */
  readonly earlier: readonly RunEvent[];
  /** Written at once, so that a run that is killed can still be resumed. */
  write(event: RunEvent): void;
  finish(result: object): void;
  close(): void;
}

const START = 'run.json';

/**
 * Opens the folder of a new run.
 *
 * @throws UserInputError when the folder holds a run already, ExecutionLockedError
 */
export function createRunDirectory(
  path: string,
  definition: JsonObject,
  start: Omit<RunStart, 'definitionSha256'>,
): RunDirectory {
  if (existsSync(join(path, START))) {
    throw new UserInputError(`${path} holds a run already. Resume it, or choose another folder.`);
  }
  mkdirSync(path, { recursive: true });
  const unlock = lockExecution(path, new Date(start.startedAt));
  const whole = { ...start, definitionSha256: fingerprint(definition) };
  writeFileSync(join(path, 'definition.json'), JSON.stringify(definition, null, 2));
  writeFileSync(join(path, START), JSON.stringify(withFormat(whole), null, 2));
  return openDirectory(path, whole, [], unlock);
}

/**
 * Opens the folder of an earlier run to go on with it.
 *
 * @throws UserInputError when there is none, or the definition has changed since; ExecutionLockedError
 */
export function reopenRunDirectory(path: string, definition: JsonObject, now: Date): RunDirectory {
  if (!existsSync(join(path, START))) throw new UserInputError(`${path} holds no run to resume: it has no ${START}.`);
  const start = parseJsonAs(startSchema, readFileSync(join(path, START), 'utf8'), join(path, START)) as RunStart;
  if (start.definitionSha256 !== fingerprint(definition)) {
    throw new UserInputError(
      `The state machine has changed since the run in ${path} began (${path}/definition.json holds the old one). Start a new run.`,
    );
  }
  const unlock = lockExecution(path, now);
  try {
    return openDirectory(path, start, readEvents(join(path, EVENT_LOG)), unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

function openDirectory(path: string, start: RunStart, earlier: readonly RunEvent[], unlock: () => void): RunDirectory {
  const events = openSync(join(path, EVENT_LOG), 'a');
  return {
    logs: join(path, 'logs'),
    start,
    earlier,
    write(event) {
      writeSync(events, formatEvent(event));
      if (event.type === 'FunctionEnded') {
        appendFileSync(join(path, 'reports.log'), `${formatReportLine(event.report)}\n`);
      }
    },
    finish: (result) => writeFileSync(join(path, 'result.json'), JSON.stringify(withFormat(result), null, 2)),
    close() {
      closeSync(events);
      unlock();
    },
  };
}

function readEvents(path: string): readonly RunEvent[] {
  if (!existsSync(path)) return [];
  const bytes = readFileSync(path);
  const { events, length, isUnterminated } = parseEventLog(bytes, path);
  // What comes next must not be appended to half a line.
  if (length < bytes.length) truncateSync(path, length);
  if (isUnterminated) appendFileSync(path, '\n');
  return events;
}

/** The definition's content; the order of its fields doesn't count. */
function fingerprint(definition: JsonObject): string {
  const sorted = JSON.stringify(definition, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash('sha256').update(sorted).digest('hex');
}
