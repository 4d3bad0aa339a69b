import { listed, UserInputError } from '@cosmicai/payload';
import { checkSupported, type Unsupported } from './check-supported.ts';
import { structureProblems } from './check-structure.ts';
import { functionNameOf, isFunctionArn } from './function-names.ts';
import { checkShape } from './shape.ts';
import { isObject, type JsonObject } from './types.ts';
import { statesOf } from './walk.ts';

/** A definition holds something that this engine would not carry out as Step Functions does. */
export class UnsupportedDefinitionError extends UserInputError {
  readonly unsupported: readonly Unsupported[];

  constructor(unsupported: readonly Unsupported[]) {
    const lines = unsupported.map(({ place, what }) => `${place}: ${what}`);
    super(`The local engine does not support everything in this state machine:\n${listed(lines, '  ')}`);
    this.unsupported = unsupported;
  }
}

/** Names of the functions that a definition invokes, where they are written out. */
export function functionsOf(definition: JsonObject): { readonly name: string; readonly place: string }[] {
  return [...statesOf(definition)].flatMap(({ place, state }) => {
    if (state.Type !== 'Task' || typeof state.Resource !== 'string') return [];
    const direct = isFunctionArn(state.Resource);
    const reference = direct ? state.Resource : isObject(state.Parameters) ? state.Parameters.FunctionName : undefined;
    const name = typeof reference === 'string' ? functionNameOf(reference) : undefined;
    return name === undefined ? [] : [{ name, place: `${place}.${direct ? 'Resource' : 'Parameters.FunctionName'}` }];
  });
}

/**
 * @param functions names of the functions that the run has
 * @throws InvalidInputError when it hasn't the shape of a state machine
 * @throws UnsupportedDefinitionError naming every unsupported thing and its place
 * @throws UserInputError when it is not a valid state machine, or invokes a function that the run doesn't have
 */
export function requireSupported(definition: JsonObject, functions: readonly string[]): void {
  checkShape(definition);
  const unsupported = checkSupported(definition);
  if (unsupported.length > 0) throw new UnsupportedDefinitionError(unsupported);
  const problems = structureProblems(definition);
  if (problems.length > 0) throw new UserInputError(`The state machine is not valid:\n${listed(problems, '  ')}`);
  const missing = functionsOf(definition).filter(({ name }) => !functions.includes(name));
  if (missing.length === 0) return;
  const lines = missing.map(({ name, place }) => `${place}: ${name}`);
  throw new UserInputError(
    `The state machine invokes functions that this run doesn't have (it has ${functions.join(', ') || 'none'}):\n${listed(lines, '  ')}\nMap each name to one of ours, e.g. in the file given with --functions.`,
  );
}
