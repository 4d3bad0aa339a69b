import { findExecutionToRepair } from '../src/run/find-execution.ts';
import { stopExecution } from '../src/run/stop-execution.ts';
import type { RemoteExecution } from '../src/services/workflow-service.ts';
import { at, caught, MACHINE_ARN, planned, type HistoryWriter } from './histories.ts';
import { ScriptedWorkflow } from './scripted-workflow.ts';

function execution(
  name: string,
  status: RemoteExecution['status'],
  more: Partial<RemoteExecution> = {},
): RemoteExecution {
  const arn = `${MACHINE_ARN.replace(':stateMachine:', ':execution:')}:${name}`;
  return { arn, name, status, startedAt: at(0), ...more };
}

function workflowOf(history: HistoryWriter, ...executions: RemoteExecution[]) {
  return new ScriptedWorkflow([{ status: 'FAILED', history: history.events }], executions);
}

describe('the execution that --only-failed goes on with', () => {
  it('is the newest that ended without success', async () => {
    const workflow = workflowOf(
      planned(),
      execution('now', 'RUNNING'),
      execution('good', 'SUCCEEDED'),
      execution('stopped', 'ABORTED'),
      execution('older', 'FAILED'),
    );
    const found = await findExecutionToRepair(workflow, true);
    expect(found.execution.name).toBe('stopped');
    expect(found.redrives).toBe(true);
  });

  it('is not redriven when it ended in a Fail state, which would only fail again', async () => {
    const found = await findExecutionToRepair(workflowOf(caught(), execution('one', 'FAILED')), 'one');
    expect(found.redrives).toBe(false);
  });

  it('may have tolerated failed ranks, when it is named', async () => {
    const found = await findExecutionToRepair(workflowOf(planned(), execution('good', 'SUCCEEDED')), 'good');
    expect(found.redrives).toBe(false);
  });

  it('must be over, and redrivable where a redrive is what it needs', async () => {
    const old = execution('old', 'ABORTED', { notRedrivable: 'Execution redrive window has expired' });
    const workflow = workflowOf(planned(), execution('now', 'RUNNING'), old);
    await expect(findExecutionToRepair(workflow, 'now')).rejects.toThrow('still at work');
    await expect(findExecutionToRepair(workflow, 'old')).rejects.toThrow('redrive window has expired. Start a new one');
    await expect(findExecutionToRepair(workflowOf(planned(), execution('good', 'SUCCEEDED')), true)).rejects.toThrow(
      'None of the last executions has failed',
    );
  });
});

describe('stopping', () => {
  it('takes the only execution at work when none is named', async () => {
    const workflow = workflowOf(planned(), execution('now', 'RUNNING'), execution('then', 'FAILED'));
    expect(await stopExecution(workflow, undefined)).toBe('now');
    expect(workflow.calls).toEqual([`stop ${workflow.arnOf('now')}`]);
  });

  it('stops nothing when several could be meant, none is at work, or it is over', async () => {
    const two = workflowOf(planned(), execution('a', 'RUNNING'), execution('b', 'RUNNING'), execution('c', 'FAILED'));
    await expect(stopExecution(two, undefined)).rejects.toThrow('at work: a, b. Name one.');
    await expect(stopExecution(two, 'c')).rejects.toThrow('Execution c is over: it has failed.');
    await expect(stopExecution(workflowOf(planned()), undefined)).rejects.toThrow('No execution of this stage');
    expect(two.calls).toEqual([]);
  });
});
