import type { RunEventBody } from '@cosmicai/payload';
import { isObject, type MachineDefinition } from '../definition/types.ts';
import { nestedMachines, statesOf } from '../definition/walk.ts';

/**
 * Tells the tasks inside an inline Map or a Parallel when it has failed. The interpreter goes on with the next state then,
 * but lets the other iterations run and even starts those that were still waiting.
 *
 * Covers the execution's own Maps and Parallels; those inside of them end with the outermost one.
 */
export class Containers {
  readonly #containerOf = new Map<string, string>();
  readonly #stops = new Map<string, AbortController>();

  constructor(definition: MachineDefinition) {
    for (const [container, state] of Object.entries(definition.States)) {
      if (!isObject(state)) continue;
      for (const { machine } of nestedMachines(state)) {
        for (const { name } of statesOf(machine)) this.#containerOf.set(name, container);
        this.#stops.set(container, new AbortController());
      }
    }
  }

  /** Follows the execution's events. */
  see(event: RunEventBody): void {
    if (event.type === 'StateFailed') this.#stops.get(event.state)?.abort(new Error(`${event.state} has failed.`));
    const begins = event.type === 'StateEntered' || event.type === 'StateRetried';
    if (begins && this.#stops.has(event.state)) this.#stops.set(event.state, new AbortController());
  }

  /** Fires when the Map or Parallel around a task fails; undefined for a task that is in none. */
  signalFor(task: string): AbortSignal | undefined {
    const container = this.#containerOf.get(task);
    return container === undefined ? undefined : this.#stops.get(container)?.signal;
  }
}
