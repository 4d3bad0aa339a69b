import type { Json } from '../definition/types.ts';

/** Errors that end an execution whatever it catches (developer guide, "Error names"). */
const FINAL_ERRORS = ['States.Runtime', 'States.DataLimitExceeded'];

/**
 * An error as the states language knows it: a name that Retry and Catch match, and a cause for people. The interpreter
 * reads `name`, `message`, `isRetryable` and `isCatchable`.
 */
export class StateError extends Error {
  readonly isRetryable: boolean;
  readonly isCatchable: boolean;

  /** @param final whether neither Retry nor Catch may handle it */
  constructor(name: string, cause: string, final = FINAL_ERRORS.includes(name)) {
    super(cause);
    this.name = name;
    this.isRetryable = !final;
    this.isCatchable = !final;
  }
}

/** Output of a state above 256 KiB (Step Functions quota "Maximum input or output size for a task, state, or execution"). */
export const MAX_STATE_BYTES = 262_144;

/** @throws StateError States.DataLimitExceeded, which on AWS ends the execution too */
export function checkStateSize(value: Json, what: string): void {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes <= MAX_STATE_BYTES) return;
  throw new StateError(
    'States.DataLimitExceeded',
    `${what} has ${bytes} bytes; a state passes on at most ${MAX_STATE_BYTES}. Write large data to the bucket and pass its key.`,
  );
}
