import { describe, UserInputError } from '@cosmicai/payload';

/** Where schedulers tell a task of an array which one it is. */
const SCHEDULERS = {
  AWS_BATCH_JOB_ARRAY_INDEX: 'AWS Batch',
  JOB_COMPLETION_INDEX: 'Kubernetes',
  SLURM_ARRAY_TASK_ID: 'Slurm',
} as const;

/**
 * The place of this task's rank in the plan.
 *
 * @param given by the command line; counts before what the scheduler says
 * @param offset of the job's first task, where a run is more than one job
 * @throws UserInputError when nothing says which task this is
 */
export function taskIndex(
  given: number | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  offset = 0,
): number {
  if (given !== undefined) return given + offset;
  for (const [name, scheduler] of Object.entries(SCHEDULERS)) {
    const told = environment[name]?.trim();
    if (told === undefined || told === '') continue;
    if (/^\d+$/.test(told)) return Number(told) + offset;
    throw new UserInputError(`${name}, by which ${scheduler} tells the task, is ${describe(told)}: expected a number.`);
  }
  throw new UserInputError(
    `Which rank to run is not said: give --index, or run it as a task of an array (${Object.keys(SCHEDULERS).join(', ')}).`,
  );
}
