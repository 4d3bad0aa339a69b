import { setImmediate } from 'node:timers/promises';
import { prepareMachine, type PreparedMachine } from '../definition/prepare.ts';
import { isDistributedMap, itemProcessorOf, type Json, type JsonObject } from '../definition/types.ts';
import { runMachine } from '../interpreter/run-machine.ts';
import { StateError } from '../interpreter/state-error.ts';
import { runDistributedMap, type FinishedChild } from '../map/run-distributed-map.ts';
import { Containers } from './containers.ts';
import type { Engine } from './engine.ts';
import { invokeTask, TaskTimeLimit } from './invoke-task.ts';
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

/**
 * Runs one execution: the whole run, or a child of a distributed Map. When it resolves or rejects, nothing of it is at
 * work any more: tasks that an earlier failure or the end of the machine left behind have been stopped.
 *
 * @throws StateError how it failed
 * @throws the abort reason when the signal fires
 */
export async function runExecution(engine: Engine, execution: Execution): Promise<Json> {
  const { prepared, child } = execution;
  const over = new AbortController();
  const signal = AbortSignal.any([execution.signal, over.signal]);
  const containers = new Containers(prepared.definition);
  const underWay = new Set<Promise<void>>();
  const handler = (state: string, task: JsonObject) => (input: Json) => {
    const work = runTask(engine, { ...execution, signal }, containers, { state, task, input });
    const settled = work.then(
      () => void underWay.delete(settled),
      () => void underWay.delete(settled),
    );
    underWay.add(settled);
    return work.catch((error: unknown) => {
      // The interpreter's own timer, of the same length, fires at this moment and makes it a States.Timeout.
      if (error instanceof TaskTimeLimit) return new Promise<never>(() => undefined);
      throw error;
    });
  };
  try {
    return await runMachine(prepared.definition, execution.input, {
      handlers: Object.fromEntries([...prepared.tasks].map(([state, task]) => [state, handler(state, task)])),
      context: contextOf(engine, execution),
      signal: execution.signal,
      skipWaits: engine.skipWaits,
      onEvent: (event) => {
        const body = stateEvent(event, (name) => prepared.types.get(name) ?? '');
        if (body === undefined) return;
        containers.see(body);
        engine.emit(body, child);
      },
    });
  } finally {
    over.abort(new Error('The execution is over.'));
    await Promise.all(underWay);
  }
}

interface TaskCall {
  readonly state: string;
  readonly task: JsonObject;
  readonly input: Json;
}

async function runTask(engine: Engine, execution: Execution, containers: Containers, call: TaskCall): Promise<Json> {
  // The interpreter hands out its events asynchronously: those of before this task must be seen before it begins.
  await setImmediate();
  const { state, task, input } = call;
  const container = containers.signalFor(state);
  const signal = container === undefined ? execution.signal : AbortSignal.any([execution.signal, container]);
  try {
    signal.throwIfAborted();
    return isDistributedMap(task)
      ? await runMap(engine, { ...execution, signal }, state, task, input)
      : await invokeTask(engine, { state, task, input, signal, child: execution.child });
  } catch (error) {
    // Final, so that neither Retry nor Catch keeps going what has been stopped.
    if (signal.aborted) throw new StateError('States.Aborted', 'The execution was stopped.', true);
    throw error;
  }
}

async function runMap(engine: Engine, execution: Execution, name: string, map: JsonObject, input: Json): Promise<Json> {
  const inner = prepareMachine(itemProcessorOf(map) ?? {});
  // Only the Map's first run goes on where it stopped: a Map that is visited again or retried starts anew.
  const finished = execution.finished?.get(name);
  execution.finished?.delete(name);
  return runDistributedMap({
    ...engine,
    name,
    map,
    input,
    context: contextOf(engine, execution),
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
