import { describe } from '@cosmicai/payload';
import type { Json, JsonObject } from '../definition/types.ts';
import { evaluatePath } from '../interpreter/evaluate.ts';
import { StateError } from '../interpreter/state-error.ts';

/**
 * A number that a definition gives outright (`MaxConcurrency`) or by a path (`MaxConcurrencyPath`).
 *
 * @returns undefined when neither is there
 * @throws StateError States.Runtime when the value is not a number from min to max
 */
export async function numberField(
  owner: JsonObject,
  name: string,
  range: { readonly min: number; readonly max?: number },
  input: Json,
  context: JsonObject,
): Promise<number | undefined> {
  const path = owner[`${name}Path`];
  const value = typeof path === 'string' ? await evaluatePath(path, input, context) : owner[name];
  if (value === undefined) return undefined;
  const { min, max = Number.MAX_SAFE_INTEGER } = range;
  if (typeof value === 'number' && value >= min && value <= max) return value;
  const where = typeof path === 'string' ? `${name}Path ${path}` : name;
  throw new StateError('States.Runtime', `${where} gives ${describe(value)}; expected a number from ${min} to ${max}.`);
}
