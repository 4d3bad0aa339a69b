import type { HistoryEvent, HistoryEventType } from '@aws-sdk/client-sfn';

const START = Date.parse('2026-03-04T05:06:07.000Z');

/** `seconds` after the start of the execution. */
export function at(seconds: number): Date {
  return new Date(START + seconds * 1000);
}

type Details = Omit<HistoryEvent, 'id' | 'previousEventId' | 'type' | 'timestamp'>;

/** Writes a history as GetExecutionHistory answers it: ids from 1, each event pointing at the one before it. */
export class HistoryWriter {
  readonly events: HistoryEvent[] = [];
  #seconds = 0;

  add(type: HistoryEventType, details: Details = {}, seconds = 1): this {
    this.#seconds += seconds;
    const id = this.events.length + 1;
    this.events.push({ id, previousEventId: id - 1, type, timestamp: at(this.#seconds), ...details });
    return this;
  }

  entered(type: 'Task' | 'Choice' | 'Map' | 'Fail' | 'Succeed', name: string, input: unknown = {}): this {
    return this.add(`${type}StateEntered`, { stateEnteredEventDetails: { name, input: JSON.stringify(input) } });
  }

  exited(type: 'Task' | 'Choice' | 'Map' | 'Succeed', name: string, output: unknown = {}): this {
    return this.add(`${type}StateExited`, { stateExitedEventDetails: { name, output: JSON.stringify(output) } });
  }

  scheduled(functionName: string): this {
    const parameters = JSON.stringify({ FunctionName: functionName, Payload: {} });
    return this.add('TaskScheduled', { taskScheduledEventDetails: { ...LAMBDA, region: 'us-east-1', parameters } }).add(
      'TaskStarted',
      { taskStartedEventDetails: LAMBDA },
    );
  }

  succeeded(requestId: string): this {
    const output = { Payload: {}, SdkResponseMetadata: { RequestId: requestId } };
    return this.add('TaskSucceeded', { taskSucceededEventDetails: { ...LAMBDA, output: JSON.stringify(output) } });
  }

  failed(error: string, cause: string): this {
    return this.add('TaskFailed', { taskFailedEventDetails: { ...LAMBDA, error, cause } });
  }
}

const LAMBDA = { resourceType: 'lambda', resource: 'invoke' };

export const MACHINE_ARN = 'arn:aws:states:us-east-1:123456789012:stateMachine:cosmicai-dev';
export const EXECUTION_ARN = 'arn:aws:states:us-east-1:123456789012:execution:cosmicai-dev:one';
export const MAP_RUN_ID = '6ee54a06-3a4d-3a8c-9d5c-0d2a3d0f7a11';
export const MAP_RUN_ARN = `arn:aws:states:us-east-1:123456789012:mapRun:cosmicai-dev/Infer:${MAP_RUN_ID}`;

/** What Initialize answers. */
export const RUN = {
  run: { run_id: 'r1', bucket: 'galaxies', result_path: 'results', map_prefix: 'results/runs/r1/map' },
};

/** An execution of the deployed state machine up to the start of its Map: Initialize succeeds at the second attempt. */
export function planned(): HistoryWriter {
  return new HistoryWriter()
    .add('ExecutionStarted', { executionStartedEventDetails: { input: '{"bucket":"galaxies"}' } }, 0)
    .entered('Task', 'Initialize')
    .scheduled('cosmicai-init-dev-init')
    .failed('Runtime.ExitError', 'exit status 1')
    .scheduled('cosmicai-init-dev-init')
    .succeeded('request-init')
    .exited('Task', 'Initialize', RUN)
    .entered('Choice', 'FmiEnabled', RUN)
    .exited('Choice', 'FmiEnabled', RUN)
    .entered('Map', 'Infer', RUN)
    .add('MapStateStarted', { mapStateStartedEventDetails: { length: 0 } })
    .add('MapRunStarted', { mapRunStartedEventDetails: { mapRunArn: MAP_RUN_ARN } });
}

/** The same to its end: ranks fail, the Map's failure is caught, Summarize says so, the execution fails. */
export function caught(): HistoryWriter {
  return planned()
    .add('MapRunFailed', {
      mapRunFailedEventDetails: { error: 'States.ExceedToleratedFailureThreshold', cause: '1 of 2 failed' },
    })
    .exited('Map', 'Infer', { ...RUN, error: {} })
    .entered('Task', 'Summarize', RUN)
    .scheduled('arn:aws:lambda:us-east-1:123456789012:function:cosmicai-summarize-dev-summarize:live')
    .succeeded('request-summarize')
    .exited('Task', 'Summarize', { status: 'FAILED' })
    .entered('Choice', 'RunSucceeded')
    .exited('Choice', 'RunSucceeded')
    .entered('Fail', 'RunFailed')
    .add('ExecutionFailed', { executionFailedEventDetails: { error: 'RanksFailed', cause: '1 of 2 ranks failed.' } });
}
