import { createRequire } from 'node:module';
import { mapStates } from './load.ts';
import { isObject, type JsonObject } from './types.ts';

const require = createRequire(import.meta.url);

/** The validator compiles its schemas anew each time, in half a second: what it has nothing against is not shown to it again. */
const sound = new WeakSet<JsonObject>();

/** Says of a definition that the validator has nothing against it. */
export function knownToBeSound(definition: JsonObject): JsonObject {
  sound.add(definition);
  return definition;
}

/**
 * What is wrong with a definition by the states language itself: missing fields, transitions to nowhere, states that are
 * never reached.
 *
 * @returns one line for each problem, empty when there is none
 */
export function structureProblems(definition: JsonObject): string[] {
  if (sound.has(definition)) return [];
  try {
    // Loaded by those alone who bring a definition of their own.
    const aslValidator = require('asl-validator') as AslValidator;
    const { isValid, errorsText } = aslValidator(modernSpelling(definition));
    if (!isValid) return errorsText('\n').split('\n');
    knownToBeSound(definition);
    return [];
  } catch (error) {
    // It follows paths and transitions without looking whether they are there.
    return [`the validator of the states language can't follow it: ${(error as Error).message}`];
  }
}

/** The package ships its types in TypeScript sources that its package.json does not name. */
type AslValidator = (definition: object) => {
  readonly isValid: boolean;
  readonly errorsText: (separator?: string) => string;
};

/** The validator knows Iterator, but no ProcessorConfig beside it. */
function modernSpelling(definition: JsonObject): JsonObject {
  return mapStates(definition, (state) => {
    const { Iterator, ProcessorConfig, ...rest } = state;
    if (state.Type !== 'Map' || !isObject(Iterator)) return state;
    return { ...rest, ItemProcessor: { ...Iterator, ...(isObject(ProcessorConfig) ? { ProcessorConfig } : {}) } };
  });
}
