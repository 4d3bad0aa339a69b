import type { StateMachine, StateMachineDefinition } from 'aws-local-stepfunctions';
import { once } from '@cosmicai/payload';
import { pausingStates } from '../definition/prepare.ts';
import type { Json, JsonObject, MachineDefinition } from '../definition/types.ts';
import { StateError } from './state-error.ts';

/** It brings clients of AWS, which most commands do without. */
const loadInterpreter = once(() => import('aws-local-stepfunctions'));

/** An event of the interpreter's own log. */
export type InterpreterEvent =
  ReturnType<StateMachine['run']>['eventLogs'] extends AsyncGenerator<infer Event> ? Event : never;

export interface MachineRunOptions {
  /** What stands behind each Task state, by state name. */
  readonly handlers?: Readonly<Record<string, (input: Json) => Promise<Json>>>;
  /** The context object, `$$` in paths. */
  readonly context?: JsonObject;
  readonly signal?: AbortSignal;
  /** Wait states and the pauses before retries take no time. */
  readonly skipWaits?: boolean;
  readonly onEvent?: (event: InterpreterEvent) => void;
}

type Interpreter = typeof import('aws-local-stepfunctions');
type RunInput = Parameters<StateMachine['run']>[0];
type RunOptions = NonNullable<Parameters<StateMachine['run']>[1]>;

/**
 * Runs a prepared machine to its end.
 *
 * @returns the output of the last state
 * @throws StateError with the name and cause of the failure; `States.Timeout` when the machine's own TimeoutSeconds pass
 * @throws the abort reason when the signal fires
 */
export async function runMachine(
  definition: MachineDefinition,
  input: Json,
  options: MachineRunOptions = {},
): Promise<Json> {
  const { signal } = options;
  signal?.throwIfAborted();
  const interpreter = await loadInterpreter();
  // Validation is the support gate's task and has happened; the interpreter's own would not know the rewritten Maps.
  const machine = new interpreter.StateMachine(definition as unknown as StateMachineDefinition, {
    validationOptions: { noValidate: true },
  });
  const execution = machine.run(input as RunInput, {
    context: options.context ?? {},
    overrides: {
      taskResourceLocalHandlers: options.handlers as unknown as NonNullable<
        NonNullable<RunOptions['overrides']>['taskResourceLocalHandlers']
      >,
      ...(options.skipWaits === true ? noPauses(definition) : {}),
    },
  });
  const history = forward(execution.eventLogs, options.onEvent);
  signal?.addEventListener('abort', execution.abort);
  try {
    return await execution.result;
  } catch (error) {
    signal?.throwIfAborted();
    throw stateErrorOf(error, interpreter);
  } finally {
    signal?.removeEventListener('abort', execution.abort);
    await history;
  }
}

async function forward(events: AsyncGenerator<InterpreterEvent>, onEvent: MachineRunOptions['onEvent']): Promise<void> {
  // The interpreter queues every event until it is read, so they are read even when nobody listens.
  for await (const event of events) onEvent?.(event);
}

function noPauses(definition: MachineDefinition): RunOptions['overrides'] {
  const { waits, retries } = pausingStates(definition);
  return {
    waitTimeOverrides: Object.fromEntries(waits.map((name) => [name, 0])),
    retryIntervalOverrides: Object.fromEntries(retries.map((name) => [name, 0])),
  };
}

/** The interpreter wraps every failure; the error's true name and cause are in the wrapped one. */
function stateErrorOf(error: unknown, { ExecutionError, ExecutionTimeoutError }: Interpreter): StateError {
  if (error instanceof ExecutionTimeoutError) {
    return new StateError(
      'States.Timeout',
      'The execution ran longer than the TimeoutSeconds of its state machine.',
      true,
    );
  }
  const cause = error instanceof ExecutionError ? error.cause : error;
  if (cause instanceof StateError) return cause;
  if (cause instanceof Error) return new StateError(cause.name, cause.message);
  return new StateError('States.Runtime', String(cause));
}
