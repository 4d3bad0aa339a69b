import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { defined, functionNameOf, type Json, jsonOrText, reasonOf, type UnnumberedEvent } from '@cosmicai/payload';
import { z } from 'zod';

/** One invocation of a function by a Task, as the history tells it. */
export interface Attempt {
  readonly state: string;
  readonly functionName: string;
  /** Epoch milliseconds. */
  startedAt: number;
  endedAt?: number;
  /** Of the invocation; only the answers of invocations that succeeded name it. */
  requestId?: string;
}

interface State {
  readonly name: string;
  readonly type: string;
  /** Attempts that failed since it was entered. */
  failures: number;
  /** A failure that neither a retry nor a catcher has followed yet. */
  failed: boolean;
}

const ENTERED = /^([A-Z][a-z]+)StateEntered$/;
const EXITED = /^([A-Z][a-z]+)StateExited$/;
/** Ends of an attempt that a retry may follow. */
const FAILURES = new Set([
  'TaskFailed',
  'TaskTimedOut',
  'TaskStartFailed',
  'TaskSubmitFailed',
  'MapRunFailed',
  'MapRunAborted',
  'EvaluationFailed',
]);
/** Errors with which Lambda refuses an invocation: it never began, and costs nothing. */
const REFUSALS = new Set(
  [
    'TooManyRequestsException',
    'ResourceNotReadyException',
    'ResourceConflictException',
    'ENINotReadyException',
    'EC2ThrottledException',
    'SubnetIPAddressLimitReachedException',
  ].map((name) => `Lambda.${name}`),
);
const ENDS = {
  ExecutionSucceeded: 'SUCCEEDED',
  ExecutionFailed: 'FAILED',
  ExecutionAborted: 'ABORTED',
  ExecutionTimedOut: 'TIMED_OUT',
} as const;

const invocation = z.object({ FunctionName: z.string() });
const answer = z.object({ SdkResponseMetadata: z.object({ RequestId: z.string() }) });

/**
 * Turns the history of a Step Functions execution (GetExecutionHistory) into the events that the local engine writes.
 * Events may come in portions, in the order of their ids.
 */
export class HistoryReader {
  readonly child: string | undefined;
  /** Invocations of functions, oldest first; those that Lambda refused are none. */
  readonly attempts: Attempt[] = [];
  /** Map runs by the name of their state. */
  readonly mapRuns = new Map<string, string>();
  readonly #states = new Map<number, State>();
  /** The Map or Task that has been entered last: where a redrive goes on. */
  #current: State | undefined;
  /** The state whose failure a catcher has just handled; where it leads to, the next event says. */
  #caught: { readonly state: State; readonly time: string } | undefined;
  /** The attempt under way in a state. */
  readonly #underWay = new Map<State, Attempt>();

  /** @param child the child execution that this is the history of, e.g. `Infer[3]`; undefined for the run itself */
  constructor(child?: string) {
    this.child = child;
  }

  read(event: HistoryEvent): UnnumberedEvent[] {
    const type = event.type ?? '';
    const at = (event.timestamp ?? new Date(0)).getTime();
    const time = new Date(at).toISOString();
    const place = { time, ...(this.child !== undefined && { in: this.child }) };
    const entered = ENTERED.exec(type)?.[1];
    if (entered !== undefined) return this.#enter(event, entered, place);
    const state = this.#states.get(event.previousEventId ?? 0) ?? this.#current;
    if (state !== undefined && event.id !== undefined) this.#states.set(event.id, state);
    if (EXITED.test(type) && state !== undefined) return this.#exit(event, state, place);
    if (FAILURES.has(type) && state !== undefined) return this.#fail(event, state, at, place);
    switch (type) {
      case 'ExecutionStarted':
        return [{ ...place, type: 'RunStarted', input: json(event.executionStartedEventDetails?.input) }];
      case 'ExecutionRedriven':
        return [{ ...place, type: 'RunResumed', state: this.#current?.name ?? '', input: null }];
      case 'ExecutionSucceeded':
      case 'ExecutionFailed':
      case 'ExecutionAborted':
      case 'ExecutionTimedOut':
        return [{ ...place, ...endOf(event, type) }];
      case 'TaskScheduled':
        return state === undefined ? [] : this.#schedule(event, state, at, place);
      case 'TaskStarted': {
        const attempt = state && this.#underWay.get(state);
        if (attempt !== undefined) attempt.startedAt = at;
        return [];
      }
      case 'TaskSucceeded': {
        const attempt = state && this.#underWay.get(state);
        if (attempt === undefined) return [];
        attempt.endedAt = at;
        const { data } = answer.safeParse(json(event.taskSucceededEventDetails?.output));
        if (data !== undefined) attempt.requestId = data.SdkResponseMetadata.RequestId;
        return [];
      }
      case 'MapRunStarted':
      case 'MapRunRedriven': {
        const arn = (event.mapRunStartedEventDetails ?? event.mapRunRedrivenEventDetails)?.mapRunArn;
        if (state === undefined || arn === undefined) return [];
        this.mapRuns.set(state.name, arn);
        return this.#retry(state, place);
      }
      default:
        return [];
    }
  }

  #enter(event: HistoryEvent, type: string, place: Place): UnnumberedEvent[] {
    const { name = '', input } = event.stateEnteredEventDetails ?? {};
    const state: State = { name, type, failures: 0, failed: false };
    this.#states.set(event.id ?? 0, state);
    const caught: UnnumberedEvent[] =
      this.#caught === undefined
        ? []
        : [
            {
              ...place,
              time: this.#caught.time,
              type: 'StateCaught',
              state: this.#caught.state.name,
              stateType: this.#caught.state.type,
              next: name,
            },
          ];
    this.#caught = undefined;
    this.#current = state;
    return [...caught, { ...place, type: 'StateEntered', state: name, stateType: type, input: json(input) }];
  }

  #exit(event: HistoryEvent, state: State, place: Place): UnnumberedEvent[] {
    const caught = state.failed;
    state.failed = false;
    if (this.#current === state) this.#current = undefined;
    if (caught) {
      this.#caught = { state, time: place.time };
      return [];
    }
    const output = json(event.stateExitedEventDetails?.output);
    return [{ ...place, type: 'StateExited', state: state.name, stateType: state.type, output }];
  }

  #fail(event: HistoryEvent, state: State, at: number, place: Place): UnnumberedEvent[] {
    const attempt = this.#underWay.get(state);
    if (attempt !== undefined) attempt.endedAt = at;
    const details = failureDetails(event);
    if (attempt !== undefined && REFUSALS.has(details.error ?? ''))
      this.attempts.splice(this.attempts.lastIndexOf(attempt), 1);
    this.#underWay.delete(state);
    state.failures++;
    state.failed = true;
    const reason = reasonOf(timedOut(event.type) ? 'TIMED_OUT' : undefined, details);
    return [{ ...place, type: 'StateFailed', state: state.name, stateType: state.type, ...reason }];
  }

  #schedule(event: HistoryEvent, state: State, at: number, place: Place): UnnumberedEvent[] {
    const { data } = invocation.safeParse(json(event.taskScheduledEventDetails?.parameters));
    if (data !== undefined) {
      const attempt: Attempt = { state: state.name, functionName: functionNameOf(data.FunctionName), startedAt: at };
      this.attempts.push(attempt);
      this.#underWay.set(state, attempt);
    }
    return this.#retry(state, place);
  }

  #retry(state: State, place: Place): UnnumberedEvent[] {
    if (!state.failed) return [];
    state.failed = false;
    return [{ ...place, type: 'StateRetried', state: state.name, attempt: state.failures }];
  }
}

interface Place {
  readonly time: string;
  readonly in?: string;
}

function endOf(event: HistoryEvent, type: keyof typeof ENDS) {
  const failed =
    event.executionFailedEventDetails ??
    event.executionAbortedEventDetails ??
    event.executionTimedOutEventDetails ??
    {};
  const { output } = event.executionSucceededEventDetails ?? {};
  return {
    type: 'RunEnded' as const,
    status: ENDS[type],
    ...(output !== undefined && { output: json(output) }),
    ...defined({ error: failed.error, cause: failed.cause }),
  };
}

function failureDetails(event: HistoryEvent): { error?: string | undefined; cause?: string | undefined } {
  return (
    event.taskFailedEventDetails ??
    event.taskTimedOutEventDetails ??
    event.taskStartFailedEventDetails ??
    event.taskSubmitFailedEventDetails ??
    event.mapRunFailedEventDetails ??
    event.evaluationFailedEventDetails ??
    {}
  );
}

function timedOut(type: string | undefined): boolean {
  return type === 'TaskTimedOut';
}

function json(text: string | undefined): Json {
  return jsonOrText(text) as Json;
}
