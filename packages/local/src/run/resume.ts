import { InvalidInputError, type RunEvent } from '@cosmicai/payload';
import type { Json } from '../definition/types.ts';
import type { FinishedChild } from '../map/run-distributed-map.ts';

/** Where a run goes on: a state, its input, and the children of its Maps that need not run again. */
export interface ResumePoint {
  readonly state: string;
  readonly input: Json;
  /** By the name of the Map and the index of the child. */
  readonly finished: Map<string, ReadonlyMap<number, FinishedChild>>;
}

/** Where a run would go on by its events, and what else they tell that may change it. */
export interface RunSoFar extends ResumePoint {
  /** The last input of each of the run's own states that has begun, in any attempt. */
  readonly entered: ReadonlyMap<string, Json>;
  /** The run came to its end, and would not go on. */
  readonly succeeded: boolean;
}

/**
 * Where an interrupted or failed run goes on, in the manner of a redrive: at the first state whose failure was caught or
 * Map of which children failed, or else at the state that began last. States before it keep their outputs.
 *
 * @param rootStates names of the run's own states; those in branches and iterations run again with the state around them
 * @returns undefined when no state had begun
 * @throws InvalidInputError when the events tell of a state that they don't tell the beginning of
 */
export function resumePoint(events: readonly RunEvent[], rootStates: readonly string[]): RunSoFar | undefined {
  const ownEvents = events.filter((event) => event.in === undefined);
  const begin = ownEvents.findLastIndex((event) => event.type === 'RunStarted' || event.type === 'RunResumed');
  const inputs = new Map<string, Json>();
  let last: string | undefined;
  let failed: string | undefined;
  for (const event of ownEvents.slice(begin)) {
    if (!('state' in event) || !rootStates.includes(event.state)) continue;
    if (event.type === 'StateEntered' || event.type === 'RunResumed') {
      last = event.state;
      inputs.set(event.state, event.input);
    }
    const incomplete = event.type === 'MapRunEnded' && event.failed + event.aborted + event.pending > 0;
    if (event.type === 'StateCaught' || incomplete) failed ??= event.state;
  }
  const state = failed ?? last;
  if (state === undefined) return undefined;
  const input = inputs.get(state);
  if (input !== undefined) {
    const succeeded = events.findLast(({ type }) => type === 'RunEnded');
    return {
      state,
      input,
      finished: finishedChildren(ownEvents),
      entered: inputsOf(ownEvents, rootStates),
      succeeded: succeeded?.type === 'RunEnded' && succeeded.status === 'SUCCEEDED',
    };
  }
  const allowed = 'a StateEntered event before it: a line of the log is lost. Start a new run';
  throw new InvalidInputError('event log', [{ path: state, found: 'how the state ended', allowed }]);
}

function inputsOf(events: readonly RunEvent[], rootStates: readonly string[]): Map<string, Json> {
  const inputs = new Map<string, Json>();
  for (const event of events) {
    if ((event.type === 'StateEntered' || event.type === 'RunResumed') && rootStates.includes(event.state))
      inputs.set(event.state, event.input);
  }
  return inputs;
}

/** Children that succeeded in any attempt of a Map that is not over. Their inputs are compared before they are kept. */
function finishedChildren(events: readonly RunEvent[]): Map<string, Map<number, FinishedChild>> {
  const started = new Map<string, { readonly name: string; readonly input: Json; readonly startedAt: number }>();
  const finished = new Map<string, Map<number, FinishedChild>>();
  for (const event of events) {
    if (event.type === 'ChildStarted') {
      const { name, input, time } = event;
      started.set(`${event.state}[${event.index}]`, { name, input, startedAt: Date.parse(time) });
    }
    if (event.type === 'ChildSucceeded') {
      const start = started.get(`${event.state}[${event.index}]`);
      const children = finished.get(event.state) ?? new Map<number, FinishedChild>();
      finished.set(event.state, children);
      if (start !== undefined) {
        children.set(event.index, { ...start, output: event.output, stoppedAt: Date.parse(event.time) });
      }
    }
    // A Map that went through is over: when a loop of states comes back to it, it has other work.
    if (event.type === 'MapRunEnded' && event.succeeded > 0 && event.failed + event.aborted + event.pending === 0) {
      finished.delete(event.state);
    }
  }
  return finished;
}
