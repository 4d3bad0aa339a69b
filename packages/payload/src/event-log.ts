import { InvalidInputError } from './errors.ts';
import { describe } from './describe.ts';
import { withFormat } from './format-version.ts';
import { parseJsonAs } from './parse.ts';
import { runEventSchema, type RunEvent } from './run-event.ts';

/** Name of an execution's event log: a RunEvent a line, oldest first. */
export const EVENT_LOG = 'events.jsonl';

export interface EventLog {
  readonly events: readonly RunEvent[];
  /** Bytes up to the end of the last event. What comes after them is half a line, which a process that was killed left. */
  readonly length: number;
  /** Whether only the line break of the last event is missing. */
  readonly isUnterminated: boolean;
}

const LINE_BREAK = 0x0a;

/**
 * Reads an event log. It is written a line at a time and at once, so a process that is killed leaves half a line at its end:
 * that is not an event yet, and no damage. Anything else that is not an event is damage.
 *
 * @param what names the log in messages
 * @throws InvalidInputError naming the line
 */
export function parseEventLog(bytes: Uint8Array, what: string): EventLog {
  const events: RunEvent[] = [];
  let begin = 0;
  for (let line = 1; begin < bytes.length; line++) {
    const found = bytes.indexOf(LINE_BREAK, begin);
    const end = found < 0 ? bytes.length : found;
    const name = `${what}, line ${line},`;
    const text = textOf(bytes.subarray(begin, end), found < 0, name);
    // The beginning of an object is never JSON by itself.
    if (found < 0 && !isJson(text)) return { events, length: begin, isUnterminated: false };
    if (text.trim() !== '') events.push(parseJsonAs(runEventSchema, text, name));
    begin = found < 0 ? end : end + 1;
  }
  return { events, length: bytes.length, isUnterminated: bytes.length > 0 && bytes.at(-1) !== LINE_BREAK };
}

/** Writes what `parseEventLog` reads. The events that begin a log, or go on with one, tell its format. */
export function formatEvent(event: RunEvent): string {
  const begins = event.type === 'RunStarted' || event.type === 'RunResumed';
  return `${JSON.stringify(begins ? withFormat(event) : event)}\n`;
}

/** A line as text; the last one may end within a character. */
function textOf(bytes: Uint8Array, isLast: boolean, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: !isLast }).decode(bytes);
  } catch {
    const found = describe(new TextDecoder().decode(bytes));
    throw new InvalidInputError(what, [{ path: '(root)', found, allowed: 'text in UTF-8' }]);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
