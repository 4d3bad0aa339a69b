import { functionMessage, USER_ERRORS, UserInputError } from '@cosmicai/payload';
import type { Outcome } from './engine.ts';
import { plannedRunOf } from './planned-run.ts';

/** For what a run was refused before it was planned; undefined where it wasn't: once there is a plan such errors tell of what it lost. */
export function refusalOf({
  error = '',
  cause = '',
  events,
}: Pick<Outcome, 'error' | 'cause' | 'events'>): UserInputError | undefined {
  if (!USER_ERRORS.has(error) || plannedRunOf(events) !== undefined) return undefined;
  return new UserInputError(functionMessage(cause));
}
