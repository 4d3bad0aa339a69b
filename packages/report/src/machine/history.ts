import type { MachineHistory } from '../run-report.ts';
import type { MachineGraph } from './graph.ts';

/** What the report needs of a run's events, whoever recorded them: the local engine's events.jsonl has this shape. */
export interface RunEvent {
  readonly type: string;
  /** ISO 8601. */
  readonly time: string;
  readonly state?: string;
  /** Number of the child execution that began or ended. */
  readonly index?: number;
  /** Input of the child execution: its rank task. */
  readonly input?: unknown;
  /** The child execution it happened in; absent in the run itself. */
  readonly in?: string;
}

type State = MachineHistory['states'][number];

const CHANGES: Readonly<Record<string, State['status']>> = {
  StateEntered: 'running',
  StateExited: 'succeeded',
  StateFailed: 'failed',
  StateCaught: 'caught',
};

/**
 * What became of every state of the run itself, not of its children.
 *
 * @param since start of the run, milliseconds
 */
export function machineHistory(graph: MachineGraph, events: Iterable<RunEvent>, since: number): MachineHistory {
  const states = new Map(graph.states.map(({ name, type }) => [name, notEntered(name, type)]));
  for (const event of events) {
    const state = event.in === undefined ? states.get(event.state ?? '') : undefined;
    if (state === undefined) continue;
    const seconds = (Date.parse(event.time) - since) / 1000;
    const status = CHANGES[event.type];
    if (status !== undefined) state.status = status;
    if (event.type === 'StateEntered') state.start ??= seconds;
    else if (status !== undefined) state.end = seconds;
    else if (event.type === 'StateRetried') state.retries++;
  }
  return { states: [...states.values()], transitions: [...graph.transitions] };
}

function notEntered(name: string, type: string): State {
  return { name, type, status: 'not entered', start: null, end: null, retries: 0 };
}
