import type { RunEventBody } from '@cosmicai/payload';
import { textOf, type Json } from '../definition/types.ts';
import type { InterpreterEvent } from '../interpreter/run-machine.ts';

/**
 * An event of the interpreter in the run's own terms; undefined for the start and end of an execution, which the engine
 * reports itself.
 *
 * @param typeOf the state's type in the definition; the interpreter sees distributed Maps as Tasks
 */
export function stateEvent(event: InterpreterEvent, typeOf: (name: string) => string): RunEventBody | undefined {
  switch (event.type) {
    case 'StateEntered':
      return { type: event.type, ...placeOf(event), stateType: typeOf(event.state.name), input: event.state.input };
    case 'StateExited':
      return {
        type: event.type,
        ...placeOf(event),
        stateType: typeOf(event.state.name),
        output: event.state.output ?? null,
      };
    case 'StateFailed':
      return { type: event.type, ...placeOf(event), stateType: typeOf(event.state.name), ...failureOf(event) };
    case 'StateRetried':
      return { type: event.type, ...placeOf(event), attempt: event.retry.attempt };
    case 'StateCaught':
      return {
        type: event.type,
        ...placeOf(event),
        stateType: typeOf(event.state.name),
        next: event.catch.catcher.Next,
      };
    case 'MapIterationStarted':
      return { type: 'IterationStarted', state: event.parentState.name, index: event.index };
    case 'MapIterationSucceeded':
      return { type: 'IterationSucceeded', state: event.parentState.name, index: event.index };
    case 'MapIterationFailed':
      return { type: 'IterationFailed', state: event.parentState.name, index: event.index, ...failureOf(event) };
    case 'ParallelBranchStarted':
      return { type: 'BranchStarted', state: event.parentState.name };
    case 'ParallelBranchSucceeded':
      return { type: 'BranchSucceeded', state: event.parentState.name };
    case 'ParallelBranchFailed':
      return { type: 'BranchFailed', state: event.parentState.name, ...failureOf(event) };
    case 'ExecutionStarted':
    case 'ExecutionSucceeded':
    case 'ExecutionFailed':
    case 'ExecutionAborted':
    case 'ExecutionTimeout':
      return undefined;
  }
}

function placeOf(event: { state: { name: string }; index?: number }): { state: string; index?: number } {
  return event.index === undefined ? { state: event.state.name } : { state: event.state.name, index: event.index };
}

function failureOf(event: { Error: string; Cause: unknown }): { error: string; cause: string } {
  return { error: event.Error, cause: textOf(event.Cause as Json) };
}
