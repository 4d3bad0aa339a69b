import { setImmediate } from 'node:timers/promises';
import { prepareMachine, type PreparedMachine } from '../definition/prepare.ts';
import { isDistributedMap, itemProcessorOf, textOf, type Json, type JsonObject } from '../definition/types.ts';
import { statesOf } from '../definition/walk.ts';
import { runMachine } from '../interpreter/run-machine.ts';
import { runDistributedMap, type FinishedChild } from '../map/run-distributed-map.ts';
import type { Engine } from './engine.ts';
import { invokeTask } from './invoke-task.ts';
import { stateEvent } from './state-events.ts';

export interface Execution {
  readonly prepared: PreparedMachine;
  readonly input: Json;
  /** Name of the execution: the run's id or the child's. */
  readonly name: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly signal: AbortSignal;
  /** Where it is in the run, e.g. `Infer[3]`; undefined for the run itself. */
  readonly child?: string;
  /** What `$$.Execution.Input` gives; differs from `input` only in a resumed run. */
  readonly originalInput?: Json;
  /** Children of an earlier attempt, by the name of their Map state. */
  readonly finished?: Map<string, ReadonlyMap<number, FinishedChild>>;
}

/** Runs one execution: the whole run, or a child of a distributed Map. */
export async function runExecution(engine: Engine, execution: Execution): Promise<Json> {
  const { prepared, signal, child } = execution;
  const context = contextOf(engine, execution);
  const handlers = Object.fromEntries(
    [...prepared.tasks].map(([state, task]) => [
      state,
      async (input: Json) => {
        // The interpreter hands out its events asynchronously: those of before this task must be recorded before its own.
        await setImmediate();
        if (isDistributedMap(task)) return runMap(engine, execution, context, state, task, input);
        return invokeTask(engine, { state, task, input, signal, child });
      },
    ]),
  );
  const types = new Map([...statesOf(prepared.definition)].map(({ name, state }) => [name, textOf(state.Type)]));
  const typeOf = (name: string) => {
    const task = prepared.tasks.get(name);
    return task !== undefined && isDistributedMap(task) ? 'Map' : (types.get(name) ?? '');
  };
  return runMachine(prepared.definition, execution.input, {
    handlers,
    context,
    signal,
    skipWaits: engine.skipWaits,
    onEvent: (event) => {
      const body = stateEvent(event, typeOf);
      if (body !== undefined) engine.emit(body, child);
    },
  });
}

async function runMap(
  engine: Engine,
  execution: Execution,
  context: JsonObject,
  name: string,
  map: JsonObject,
  input: Json,
): Promise<Json> {
  const inner = prepareMachine(itemProcessorOf(map)!);
  // Only the Map's first run goes on where it stopped: a Map that is visited again or retried starts anew.
  const finished = execution.finished?.get(name);
  execution.finished?.delete(name);
  return runDistributedMap({
    ...engine,
    name,
    map,
    input,
    context,
    signal: execution.signal,
    emit: (event) => engine.emit(event, execution.child),
    ...(finished === undefined ? {} : { finished }),
    runChild: (child, signal) =>
      runExecution(engine, {
        prepared: inner,
        input: child.input,
        name: child.name,
        startedAt: engine.clock.now(),
        signal,
        child: `${execution.child === undefined ? '' : `${execution.child}/`}${name}[${child.index}]`,
      }),
  });
}

function contextOf(engine: Engine, execution: Execution): JsonObject {
  const prefix = 'arn:aws:states:local:000000000000';
  return {
    Run: {
      Execution: {
        Id: `${prefix}:execution:${engine.machineName}:${execution.name}`,
        Name: execution.name,
        Input: execution.originalInput ?? execution.input,
        StartTime: new Date(execution.startedAt).toISOString(),
      },
    },
    StateMachine: { Id: `${prefix}:stateMachine:${engine.machineName}`, Name: engine.machineName },
  };
}
