import type { HistoryEvent } from '@aws-sdk/client-sfn';
import type { JsonObject, RunStatus } from '@cosmicai/payload';

/** An execution as AWS describes it. */
export interface RemoteExecution {
  readonly arn: string;
  readonly name: string;
  readonly status: RunStatus | 'RUNNING' | 'PENDING_REDRIVE';
  readonly startedAt: Date;
  readonly stoppedAt?: Date;
  /** JSON text. */
  readonly input?: string;
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
  /** Why it can't be redriven; undefined when it can, or AWS doesn't say. */
  readonly notRedrivable?: string;
}

/** How far a Map run is: child executions by what became of them. */
export interface MapRunCounts {
  readonly status: RunStatus | 'RUNNING';
  readonly total: number;
  readonly succeeded: number;
  /** Timed out ones too. */
  readonly failed: number;
  readonly aborted: number;
  readonly pending: number;
  readonly items: number;
  /** 0: no limit but AWS's. */
  readonly concurrency: number;
}

/** What operating a run needs of Step Functions. */
export interface WorkflowService {
  /** The deployed definition. */
  definition(): Promise<JsonObject>;
  /** @returns the execution's ARN */
  start(name: string, input: JsonObject): Promise<string>;
  /** @throws UserInputError when there is no such execution */
  describe(arn: string): Promise<RemoteExecution>;
  /** All events so far, oldest first. */
  history(arn: string): Promise<HistoryEvent[]>;
  mapRun(mapRunArn: string): Promise<MapRunCounts>;
  /** ARNs of the failed and timed out children of a Map run, newest first, at most a page of them. */
  failedChildren(mapRunArn: string): Promise<string[]>;
  /** The stage's executions, newest first. */
  recent(most: number): Promise<RemoteExecution[]>;
  arnOf(name: string): string;
  stop(arn: string, cause: string): Promise<void>;
  redrive(arn: string): Promise<void>;
}
