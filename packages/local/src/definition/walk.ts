import { isObject, itemProcessorOf, type Json, type JsonObject } from './types.ts';

/** A state and where it stands, e.g. `States.Infer.ItemProcessor.States.InferRank`. */
export interface PlacedState {
  readonly name: string;
  readonly place: string;
  readonly state: JsonObject;
}

/** A machine inside a state, and where: the processor of a Map, a branch of a Parallel. */
export function nestedMachines(state: JsonObject): { readonly place: string; readonly machine: JsonObject }[] {
  const branches = Array.isArray(state.Branches) ? (state.Branches as readonly Json[]) : [];
  const nested = branches.flatMap((machine, index) =>
    isObject(machine) ? [{ place: `Branches[${index}]`, machine }] : [],
  );
  const processor = itemProcessorOf(state);
  if (processor === undefined) return nested;
  return [...nested, { place: state.ItemProcessor === undefined ? 'Iterator' : 'ItemProcessor', machine: processor }];
}

/** Every state of the machine, those of Maps and Parallels included, in the order they are written. */
export function* statesOf(machine: JsonObject, place = ''): Generator<PlacedState> {
  const states = isObject(machine.States) ? machine.States : {};
  for (const [name, state] of Object.entries(states)) {
    if (!isObject(state)) continue;
    const here = `${place}States.${name}`;
    yield { name, place: here, state };
    for (const nested of nestedMachines(state)) yield* statesOf(nested.machine, `${here}.${nested.place}.`);
  }
}
