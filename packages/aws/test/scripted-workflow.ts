import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { UserInputError } from '@cosmicai/payload';
import type { WaitingClock } from '../src/services/wait.ts';
import type { MapRunCounts, RemoteExecution, WorkflowService } from '../src/services/workflow-service.ts';
import { at, EXECUTION_ARN, MACHINE_ARN } from './histories.ts';

/** What Step Functions answers from one look to the next. */
export interface Look {
  readonly status: RemoteExecution['status'];
  readonly history: readonly HistoryEvent[];
  readonly mapRun?: MapRunCounts;
  /** Children by ARN. */
  readonly failed?: Readonly<Record<string, Pick<RemoteExecution, 'input' | 'error' | 'cause'>>>;
}

/** Step Functions by script: each wait of the clock leads to the next look, the last one stays. */
export class ScriptedWorkflow implements WorkflowService {
  /** Milliseconds waited between looks. */
  readonly waits: number[] = [];
  readonly calls: string[] = [];
  readonly executions: RemoteExecution[];
  readonly childHistories = new Map<string, readonly HistoryEvent[]>();
  readonly #looks: readonly Look[];
  readonly clock: WaitingClock = {
    now: () => at(100 + this.waits.length).getTime(),
    sleep: async (milliseconds, signal) => {
      signal.throwIfAborted();
      this.waits.push(milliseconds);
    },
  };

  constructor(looks: readonly Look[], others: readonly RemoteExecution[] = []) {
    this.#looks = looks;
    this.executions = [...others];
  }

  get #look(): Look {
    return this.#looks[Math.min(this.waits.length, this.#looks.length - 1)]!;
  }

  definition = () => Promise.reject(new Error('The script has no definition.'));
  start = (name: string) => Promise.resolve(this.arnOf(name));
  arnOf = (name: string) => `${MACHINE_ARN.replace(':stateMachine:', ':execution:')}:${name}`;
  failedChildren = () => Promise.resolve(Object.keys(this.#look.failed ?? {}));
  recent = (most: number) => Promise.resolve(this.executions.slice(0, most));

  describe(arn: string): Promise<RemoteExecution> {
    const listed = this.executions.find((one) => one.arn === arn);
    if (listed !== undefined) return Promise.resolve(listed);
    const base = { arn, name: arn.split(':').at(-1)!, startedAt: at(0) };
    if (arn === EXECUTION_ARN) return Promise.resolve({ ...base, status: this.#look.status });
    const child = this.#look.failed?.[arn];
    if (child === undefined) return Promise.reject(new UserInputError(`no execution ${arn}`));
    return Promise.resolve({ ...base, status: 'FAILED', ...child });
  }

  history(arn: string): Promise<HistoryEvent[]> {
    return Promise.resolve([...(this.childHistories.get(arn) ?? this.#look.history)]);
  }

  mapRun(): Promise<MapRunCounts> {
    const { mapRun } = this.#look;
    return mapRun === undefined ? Promise.reject(new Error('The script has no Map run.')) : Promise.resolve(mapRun);
  }

  stop(arn: string): Promise<void> {
    this.calls.push(`stop ${arn}`);
    return Promise.resolve();
  }

  redrive(arn: string): Promise<void> {
    this.calls.push(`redrive ${arn}`);
    return Promise.resolve();
  }
}

export function counts(fields: Partial<MapRunCounts>): MapRunCounts {
  return {
    status: 'RUNNING',
    total: 2,
    succeeded: 0,
    failed: 0,
    aborted: 0,
    pending: 0,
    items: 2,
    concurrency: 1000,
    ...fields,
  };
}
