import { parseAs, runReferenceSchema, type RunReference } from '@cosmicai/payload';
import { z } from 'zod';
import type { Json, JsonObject } from '../definition/types.ts';

const plannedSchema = z.object({ run: runReferenceSchema });

/** The answer of Initialize in the input of a state, which may hold it under a name. */
export interface PlannedInput {
  readonly run: RunReference;
  /** The input with other items, where it holds them itself, and another address at which ranks meet. */
  readonly with: (changes: { readonly items: readonly JsonObject[]; readonly endpoint?: string | undefined }) => Json;
}

/** @returns undefined where the input holds no plan yet */
export function plannedIn(input: Json): PlannedInput | undefined {
  if (!isObject(input)) return undefined;
  const found = Object.entries({ '': input, ...input }).find(([, value]) => plannedSchema.safeParse(value).success);
  if (found === undefined) return undefined;
  const [name, value] = found;
  return {
    run: parseAs(plannedSchema, value, 'the answer of Initialize').run,
    with({ items, endpoint }) {
      const answer = {
        ...value,
        run: { ...(value.run as JsonObject), ...(endpoint !== undefined && { rendezvous_endpoint: endpoint }) },
        ...(Array.isArray(value.body) && { body: items }),
      };
      return name === '' ? answer : { ...input, [name]: answer };
    },
  };
}

/** Does a state machine, going on from one state, come to another of these? */
export function leadsTo(
  definition: JsonObject,
  from: string,
  isWanted: (state: JsonObject, name: string) => boolean,
): boolean {
  const states = definition.States as Readonly<Record<string, JsonObject>>;
  const reached = new Set([from]);
  for (const name of reached) {
    const state = states[name];
    if (state !== undefined && isWanted(state, name)) return true;
    const followers = [state, ...branchesOf(state?.Choices), ...branchesOf(state?.Catch)];
    for (const follower of followers.flatMap((branch) => [branch?.Next, branch?.Default]))
      if (typeof follower === 'string') reached.add(follower);
  }
  return false;
}

function branchesOf(branches: Json | undefined): JsonObject[] {
  return Array.isArray(branches) ? branches.filter(isObject) : [];
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
