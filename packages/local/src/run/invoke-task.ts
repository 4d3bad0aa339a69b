import { describe } from '@cosmicai/payload';
import { functionNameOf, LAMBDA_INVOKE } from '../definition/function-names.ts';
import { LONGEST_TIMER_SECONDS } from '../definition/prepare.ts';
import { isObject, textOf, type Json, type JsonObject } from '../definition/types.ts';
import { checkStateSize, StateError } from '../interpreter/state-error.ts';
import { FunctionError } from '../pool/function-error.ts';
import type { Engine } from './engine.ts';

export interface TaskInvocation {
  /** Name of the Task state. */
  readonly state: string;
  readonly task: JsonObject;
  /** Input of the state after InputPath and Parameters. */
  readonly input: Json;
  readonly signal: AbortSignal;
  /** The child execution it belongs to. */
  readonly child: string | undefined;
}

/** The state's TimeoutSeconds passed and the function's process was ended. */
export class TaskTimeLimit extends Error {
  constructor() {
    super("The state's TimeoutSeconds passed.");
    this.name = 'TaskTimeLimit';
  }
}

/**
 * Invokes the function behind a Task state: either named by the Resource itself, or through `lambda:invoke`, whose result
 * holds the function's answer under `Payload`.
 *
 * @throws TaskTimeLimit
 * @throws StateError named as Step Functions names it: the function's `errorType`, with Lambda's error object as the cause
 */
export async function invokeTask(engine: Engine, invocation: TaskInvocation): Promise<Json> {
  const { state, task, input, signal, child } = invocation;
  const integration = LAMBDA_INVOKE.test(textOf(task.Resource));
  const { name, payload } = integration ? integrationCall(state, input) : directCall(state, task, input);
  const within = deadline(task, signal);
  let answer;
  try {
    answer = await engine.pool.invoke(name, JSON.stringify(payload), {
      signal: within.signal,
      onStart: ({ requestId, pid }) =>
        engine.emit(
          { type: 'FunctionStarted', state, functionName: name, requestId, ...(pid === undefined ? {} : { pid }) },
          child,
        ),
      onProgress: (progress, requestId) =>
        engine.beat({ ...(child !== undefined && { in: child }), state, requestId, progress }),
      onReport: (report) => engine.emit({ type: 'FunctionEnded', state, report }, child),
    });
  } catch (error) {
    if (within.passed()) throw new TaskTimeLimit();
    if (error instanceof FunctionError) throw new StateError(error.body.errorType, JSON.stringify(error.body));
    throw error;
  } finally {
    within.clear();
  }
  const output = JSON.parse(answer.payload) as Json;
  const result: Json = integration
    ? {
        ExecutedVersion: '$LATEST',
        Payload: output,
        SdkHttpMetadata: { HttpStatusCode: 200 },
        SdkResponseMetadata: { RequestId: answer.requestId },
        StatusCode: 200,
      }
    : output;
  checkStateSize(result, `The answer of function ${name} in state ${state}`);
  return result;
}

function directCall(state: string, task: JsonObject, payload: Json): { name: string; payload: Json } {
  return { name: knownName(state, task.Resource), payload };
}

function integrationCall(state: string, input: Json): { name: string; payload: Json } {
  const { FunctionName, Payload = {} } = isObject(input) ? input : {};
  return { name: knownName(state, FunctionName), payload: Payload };
}

function knownName(state: string, reference: Json | undefined): string {
  const name = typeof reference === 'string' ? functionNameOf(reference) : undefined;
  if (name !== undefined) return name;
  throw new StateError(
    'States.Runtime',
    `State ${state} names the function ${describe(reference)}; expected a name or an ARN.`,
  );
}

/** The state's own time limit: it ends the function's process, which the interpreter's timer would leave running. */
function deadline(task: JsonObject, signal: AbortSignal) {
  const limit = new AbortController();
  const seconds = task.TimeoutSeconds;
  const timer =
    typeof seconds === 'number' && seconds <= LONGEST_TIMER_SECONDS
      ? setTimeout(() => limit.abort(new TaskTimeLimit()), seconds * 1000)
      : undefined;
  return {
    signal: AbortSignal.any([signal, limit.signal]),
    passed: () => limit.signal.aborted && !signal.aborted,
    clear: () => clearTimeout(timer),
  };
}
