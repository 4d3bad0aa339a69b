import { plannedRunSchema, UserInputError, type UnnumberedEvent } from '@cosmicai/payload';
import { placeOfRun, type RunPlace } from '@cosmicai/runs';
import { HistoryReader } from './history.ts';
import type { RemoteExecution, WorkflowService } from '../services/workflow-service.ts';

/** The run that an execution planned, as Initialize answered; undefined when it didn't come that far. */
export function runOf(events: readonly UnnumberedEvent[]): RunPlace | undefined {
  for (const event of events) {
    if (event.type !== 'StateExited') continue;
    const { data } = plannedRunSchema.safeParse(event.output);
    if (data !== undefined) return placeOfRun(data.run, { base: 's3://' });
  }
  return undefined;
}

/** The events of an execution so far, its children's left out. */
export async function historyOf(workflow: WorkflowService, arn: string): Promise<UnnumberedEvent[]> {
  const reader = new HistoryReader();
  return (await workflow.history(arn)).flatMap((event) => reader.read(event));
}

/** Executions looked through for one that failed. */
const RECENT = 100;

export interface ExecutionToRepair {
  readonly execution: RemoteExecution;
  readonly history: readonly UnnumberedEvent[];
  /**
   * Whether a redrive does some good: it goes on at the state that failed. After a Fail state there is none; it would only
   * fail again.
   */
  readonly redrives: boolean;
}

/**
 * @param asked name of the execution; true: the newest that ended without success
 * @throws UserInputError when there is none, or it allows no repair
 */
export async function findExecutionToRepair(
  workflow: WorkflowService,
  asked: string | true,
): Promise<ExecutionToRepair> {
  const named = asked === true ? await newestFailed(workflow) : workflow.arnOf(asked);
  const execution = await workflow.describe(named);
  if (!isOver(execution)) throw new UserInputError(`Execution ${execution.name} is still at work.`);
  const history = await historyOf(workflow, execution.arn);
  const last = history.findLast((event) => event.type === 'StateEntered')?.stateType;
  // One that succeeded may have tolerated failed ranks.
  const redrives = execution.status !== 'SUCCEEDED' && last !== 'Fail';
  if (redrives && execution.notRedrivable !== undefined)
    throw new UserInputError(
      `Step Functions can't go on with execution ${execution.name}: ${execution.notRedrivable}. Start a new one.`,
    );
  return { execution, history, redrives };
}

export function isOver({ status }: RemoteExecution): boolean {
  return status !== 'RUNNING' && status !== 'PENDING_REDRIVE';
}

async function newestFailed(workflow: WorkflowService): Promise<string> {
  const found = (await workflow.recent(RECENT)).find((one) => isOver(one) && one.status !== 'SUCCEEDED');
  if (found === undefined) throw new UserInputError('None of the last executions has failed.');
  return found.arn;
}
