import { UserInputError } from '@cosmicai/payload';
import { isOver } from './find-execution.ts';
import type { RemoteExecution, WorkflowService } from '../services/workflow-service.ts';

/** Executions looked through for those at work. */
const RECENT = 100;

/**
 * Stops an execution; answers its name.
 *
 * @param name undefined: the only one at work
 * @throws UserInputError when there is none, it is over, or several could be meant
 */
export async function stopExecution(workflow: WorkflowService, name: string | undefined): Promise<string> {
  const execution = name === undefined ? await theOneAtWork(workflow) : await workflow.describe(workflow.arnOf(name));
  if (isOver(execution))
    throw new UserInputError(`Execution ${execution.name} is over: it has ${execution.status.toLowerCase()}.`);
  await workflow.stop(execution.arn, 'Stopped by cosmicai stop');
  return execution.name;
}

async function theOneAtWork(workflow: WorkflowService): Promise<RemoteExecution> {
  const atWork = (await workflow.recent(RECENT)).filter((one) => !isOver(one));
  const [first] = atWork;
  if (first === undefined) throw new UserInputError('No execution of this stage is at work.');
  if (atWork.length > 1)
    throw new UserInputError(`Several executions are at work: ${atWork.map((one) => one.name).join(', ')}. Name one.`);
  return first;
}
