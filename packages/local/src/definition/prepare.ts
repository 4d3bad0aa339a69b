import { SANDBOX_ERRORS } from '../pool/function-error.ts';
import { plainChoiceRule } from './check-choice.ts';
import { mapPaths, replaceUnquoted } from './paths.ts';
import {
  isDistributedMap,
  isObject,
  itemProcessorOf,
  textOf,
  type JsonObject,
  type MachineDefinition,
} from './types.ts';
import { statesOf } from './walk.ts';

/** setTimeout, which the interpreter waits with, fires at once above 2^31 - 1 milliseconds. */
export const LONGEST_TIMER_SECONDS = 2_147_483;

/** A machine as the interpreter gets it, and what stands behind its Task states. */
export interface PreparedMachine {
  readonly definition: MachineDefinition;
  /** Every Task state and every distributed Map by name, without those inside distributed Maps. */
  readonly tasks: ReadonlyMap<string, JsonObject>;
  /** Type of every state as the definition has it, before distributed Maps became Tasks. */
  readonly types: ReadonlyMap<string, string>;
}

/**
 * Rewrites a supported definition so that aws-local-stepfunctions carries it out as Step Functions would: each rewriting
 * names the trap it avoids. Distributed Maps become Tasks, because the interpreter would run them inline.
 */
export function prepareMachine(machine: JsonObject): PreparedMachine {
  const tasks = new Map<string, JsonObject>();
  const definition = rewriteMachine(machine, (name, state) => tasks.set(name, state));
  const types = new Map([...statesOf(machine)].map(({ name, state }) => [name, textOf(state.Type)]));
  return { definition, tasks, types };
}

/** Names of the states in which time passes: Wait states, and states with retries. */
export function pausingStates(machine: JsonObject): { readonly waits: string[]; readonly retries: string[] } {
  const states = [...statesOf(machine)];
  return {
    waits: states.filter(({ state }) => state.Type === 'Wait').map(({ name }) => name),
    retries: states.filter(({ state }) => state.Retry !== undefined).map(({ name }) => name),
  };
}

type KeepTask = (name: string, state: JsonObject) => void;

function rewriteMachine(machine: JsonObject, keep: KeepTask): MachineDefinition {
  const states = isObject(machine.States) ? machine.States : {};
  const { ProcessorConfig: _config, TimeoutSeconds, ...rest } = machine;
  return {
    ...rest,
    ...(typeof TimeoutSeconds === 'number' ? { TimeoutSeconds: Math.min(TimeoutSeconds, LONGEST_TIMER_SECONDS) } : {}),
    States: Object.fromEntries(
      Object.entries(states).map(([name, state]) => [name, rewriteState(name, state as JsonObject, keep)]),
    ),
  } as unknown as MachineDefinition;
}

function rewriteState(name: string, original: JsonObject, keep: KeepTask): JsonObject {
  const paths = withoutWholePaths(mapPaths(original, ({ text }) => ownExecutionContext(text)));
  const state: JsonObject = {
    ...paths,
    ...(Array.isArray(paths.Retry) ? { Retry: (paths.Retry as JsonObject[]).map(rewriteRetrier) } : {}),
    ...(Array.isArray(paths.Catch) ? { Catch: (paths.Catch as JsonObject[]).map(rewriteCatcher) } : {}),
  };
  if (isDistributedMap(state)) {
    keep(name, state);
    return distributedMapAsTask(state);
  }
  switch (textOf(state.Type)) {
    case 'Task':
      keep(name, state);
      return { ...state, TimeoutSeconds: taskTimeout(state) };
    case 'Choice':
      return { ...state, Choices: (state.Choices as JsonObject[]).map(plainChoiceRule) };
    case 'Parallel':
      return { ...state, Branches: (state.Branches as JsonObject[]).map((branch) => rewriteMachine(branch, keep)) };
    case 'Map': {
      const { Iterator: _iterator, ProcessorConfig: _config, ...rest } = state;
      return { ...rest, ItemProcessor: rewriteMachine(itemProcessorOf(state) ?? {}, keep) };
    }
    case 'Pass':
      return passWithResult(state);
    default:
      return state;
  }
}

/** The interpreter gives a Task without a limit 60 seconds; Step Functions gives it 99,999,999. */
function taskTimeout(state: JsonObject): number {
  return typeof state.TimeoutSeconds === 'number'
    ? Math.min(state.TimeoutSeconds, LONGEST_TIMER_SECONDS)
    : LONGEST_TIMER_SECONDS;
}

const OF_THE_TASK = [
  'Comment',
  'InputPath',
  'OutputPath',
  'ResultSelector',
  'ResultPath',
  'Retry',
  'Catch',
  'Next',
  'End',
];

function distributedMapAsTask(map: JsonObject): JsonObject {
  const kept = Object.entries(map).filter(([field]) => OF_THE_TASK.includes(field));
  return {
    ...Object.fromEntries(kept),
    Type: 'Task',
    Resource: 'arn:aws:states:::distributed-map',
    TimeoutSeconds: LONGEST_TIMER_SECONDS,
  };
}

/**
 * `$` as InputPath, OutputPath or ResultPath is the default. Spelled out, the interpreter takes the ResultPath for a field
 * named "$" and finds no value at `$` when that value is null, 0, false or "".
 */
function withoutWholePaths(state: JsonObject): JsonObject {
  const kept = Object.entries(state).filter(
    ([field, value]) => !(['InputPath', 'OutputPath', 'ResultPath'].includes(field) && value === '$'),
  );
  return Object.fromEntries(kept);
}

/**
 * The interpreter overwrites `$$.Execution` with the input and start of the innermost machine: of an iteration, of a branch.
 * The engine therefore keeps the execution's own values under `$$.Run.Execution`.
 */
function ownExecutionContext(path: string): string {
  return replaceUnquoted(path, (part) =>
    part.replaceAll('$$.Execution.', () => '$$.Run.Execution.').replace(/\$\$\.Execution$/, () => '$$.Run.Execution'),
  );
}

function rewriteRetrier(retrier: JsonObject): JsonObject {
  const longest = typeof retrier.MaxDelaySeconds === 'number' ? retrier.MaxDelaySeconds : LONGEST_TIMER_SECONDS;
  return { ...withSandboxErrors(retrier), MaxDelaySeconds: Math.min(longest, LONGEST_TIMER_SECONDS) };
}

function rewriteCatcher(catcher: JsonObject): JsonObject {
  return withSandboxErrors(withoutWholePaths(catcher));
}

/** Lambda.Unknown stands for every way in which a function's process ends; see SANDBOX_ERRORS. */
function withSandboxErrors(handler: JsonObject): JsonObject {
  const errors = handler.ErrorEquals as readonly string[];
  return {
    ...handler,
    ErrorEquals: errors.flatMap((name) => (name === 'Lambda.Unknown' ? [name, ...SANDBOX_ERRORS] : [name])),
  };
}

/** The interpreter overlooks a Result that is null, 0, false or "", but takes the same value from Parameters. */
function passWithResult(state: JsonObject): JsonObject {
  const { Result, Parameters: _parameters, ...rest } = state;
  return Result === undefined || Result ? state : { ...rest, Parameters: Result };
}
