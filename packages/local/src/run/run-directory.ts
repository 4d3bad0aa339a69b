import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { formatReportLine } from '@cosmicai/payload';
import {
  EnvironmentError,
  EVENT_LOG,
  formatEvent,
  formatField,
  parseEventLog,
  parseJsonAs,
  UserInputError,
  withFormat,
  type RunEvent,
} from '@cosmicai/payload';
import { codeOf, whyRefused } from '@cosmicai/store';
import { z } from 'zod';
import type { Json, JsonObject } from '../definition/types.ts';
import { appendWhole } from './append.ts';
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
  /**
   * Written at once, so that a run that is killed can still be resumed.
   *
   * @throws RunDirectoryError when it can't be written; half of it is not
   */
  write(event: RunEvent): void;
  /** @throws RunDirectoryError */
  finish(result: object): void;
  close(): void;
}

const START = 'run.json';

/** What a run leaves can't be written: the disk is full, or can only be read. What it has left until then holds. */
export class RunDirectoryError extends EnvironmentError {}

/** @throws RunDirectoryError in place of the system's errors */
function writing<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    const refused = whyRefused(codeOf(cause));
    if (refused === undefined) throw cause;
    throw new RunDirectoryError(`The run can't be written to ${path}: ${refused.why}`, { cause });
  }
}

/**
 * Opens the folder of a new run.
 *
 * @throws UserInputError when the folder holds a run already, ExecutionLockedError, RunDirectoryError
 */
export function createRunDirectory(
  path: string,
  definition: JsonObject,
  start: Omit<RunStart, 'definitionSha256'>,
): RunDirectory {
  if (existsSync(join(path, START))) {
    throw new UserInputError(`${path} holds a run already. Resume it, or choose another folder.`);
  }
  const whole = { ...start, definitionSha256: fingerprint(definition) };
  return writing(path, () => {
    mkdirSync(path, { recursive: true });
    return locked(path, new Date(start.startedAt), (unlock) => {
      writeFileSync(join(path, 'definition.json'), JSON.stringify(definition, null, 2));
      // Last of all and at once: a run has begun when it is there.
      writeFileSync(join(path, `${START}.partial`), JSON.stringify(withFormat(whole), null, 2));
      renameSync(join(path, `${START}.partial`), join(path, START));
      return openDirectory(path, whole, [], unlock);
    });
  });
}

/** Opens a folder under its lock, which is given back where that fails. */
function locked(path: string, now: Date, open: (unlock: () => void) => RunDirectory): RunDirectory {
  const unlock = lockExecution(path, now);
  try {
    return open(unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

/**
 * Opens the folder of an earlier run to go on with it.
 *
 * @throws UserInputError when there is none, or the definition has changed since; ExecutionLockedError, RunDirectoryError
 */
export function reopenRunDirectory(path: string, definition: JsonObject, now: Date): RunDirectory {
  if (!existsSync(join(path, START))) throw new UserInputError(`${path} holds no run to resume: it has no ${START}.`);
  const start = parseJsonAs(startSchema, readFileSync(join(path, START), 'utf8'), join(path, START)) as RunStart;
  if (start.definitionSha256 !== fingerprint(definition)) {
    throw new UserInputError(
      `The state machine has changed since the run in ${path} began (${path}/definition.json holds the old one). Start a new run.`,
    );
  }
  return writing(path, () =>
    locked(path, now, (unlock) => openDirectory(path, start, readEvents(join(path, EVENT_LOG)), unlock)),
  );
}

function openDirectory(path: string, start: RunStart, earlier: readonly RunEvent[], unlock: () => void): RunDirectory {
  const events = openSync(join(path, EVENT_LOG), 'a');
  const reports = openSync(join(path, 'reports.log'), 'a');
  return {
    logs: join(path, 'logs'),
    start,
    earlier,
    write(event) {
      writing(path, () => {
        appendWhole(events, formatEvent(event));
        if (event.type === 'FunctionEnded') appendWhole(reports, `${formatReportLine(event.report)}\n`);
      });
    },
    finish(result) {
      writing(path, () => writeFileSync(join(path, 'result.json'), JSON.stringify(withFormat(result), null, 2)));
    },
    close() {
      closeSync(events);
      closeSync(reports);
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
