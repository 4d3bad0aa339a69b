import { functionMessage, UserInputError } from '@cosmicai/payload';
import type { Outcome } from './engine.ts';
import { plannedRunOf } from './planned-run.ts';

/** Errors of Initialize that only the sender of the payload can mend. Once there is a plan they tell of what a run lost. */
const WRONG_INPUT = new Set([
  'InvalidInputError',
  'UserInputError',
  'NoSuchBucketError',
  'InvalidAddressError',
  'NotFoundError',
]);

/** For what a run was refused before it was planned; undefined where it wasn't. */
export function refusalOf({
  error = '',
  cause = '',
  events,
}: Pick<Outcome, 'error' | 'cause' | 'events'>): UserInputError | undefined {
  if (!WRONG_INPUT.has(error) || plannedRunOf(events) !== undefined) return undefined;
  return new UserInputError(functionMessage(cause));
}
