import type { StackState } from './stack-outputs.ts';

/** Where a stack lies. */
export interface StackPlace {
  /** Of the stage. */
  readonly name: string;
  readonly region: string;
}

export function deployAgain({ name }: Pick<StackPlace, 'name'>): string {
  return `cosmicai deploy ${name}`;
}

const WELL = ['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'IMPORT_COMPLETE'];
/** Its first deployment never ended, or its removal: there is nothing in it that could be used, or updated. */
const STUCK = ['ROLLBACK_COMPLETE', 'ROLLBACK_FAILED', 'CREATE_FAILED', 'DELETE_FAILED'];
/** There is nothing in it yet, or soon won't be. */
const EMPTY = ['REVIEW_IN_PROGRESS', 'CREATE_IN_PROGRESS', 'ROLLBACK_IN_PROGRESS', 'DELETE_IN_PROGRESS'];

/** What is wrong with a stack, and what to type; undefined: nothing. */
export function stackProblem(place: StackPlace, stack: string, found: StackState | undefined): string | undefined {
  if (found === undefined) return `The stack ${stack} is not there. Deploy the stage again: ${deployAgain(place)}`;
  const { status, reason } = found;
  if (WELL.includes(status)) return undefined;
  const told = `The stack ${stack} is ${status}${reason === undefined ? '' : ` (${reason})`}`;
  // A change set that nobody executed.
  if (status === 'REVIEW_IN_PROGRESS')
    return `${told}: its deployment ended before it began. Deploy the stage again: ${deployAgain(place)}`;
  if (status.endsWith('_IN_PROGRESS'))
    return `${told}: it is being changed. Look again when that is over, a few minutes at most times.`;
  const events = `(aws cloudformation describe-stack-events --region ${place.region} --stack-name ${stack})`;
  return STUCK.includes(status)
    ? `${told}. It can't be updated: see why ${events}, remove the stage (cosmicai remove ${place.name} --keep-bucket) and deploy it again: ${deployAgain(place)}`
    : `${told}: its last change failed. See why ${events} and deploy the stage again: ${deployAgain(place)}`;
}

/** Why a stack can't be deployed again; undefined: it can, or nothing is there. */
export function whyStuck(place: StackPlace, stack: string, found: StackState | undefined): string | undefined {
  return found !== undefined && STUCK.includes(found.status) ? stackProblem(place, stack, found) : undefined;
}

/** Why nothing of a stack can be used; undefined: it can, if in an older version, as its last change may have failed. */
export function whyUnusable(place: StackPlace, stack: string, found: StackState | undefined): string | undefined {
  const usable = found !== undefined && ![...STUCK, ...EMPTY].includes(found.status);
  return usable ? undefined : stackProblem(place, stack, found);
}
