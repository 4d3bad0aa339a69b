import { readFileSync } from 'node:fs';
import { describe, parseAs, UserInputError } from '@cosmicai/payload';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { functionNameOf, isFunctionArn } from './function-names.ts';
import { isObject, ownValue, type Json, type JsonObject } from './types.ts';
import { nestedMachines } from './walk.ts';

export interface LoadOptions {
  /** Values of the deployment's variables, e.g. `{ 'sls:stage': 'dev' }` for `${sls:stage}`. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Function names in the definition and what stands for them here, e.g. `{ 'cosmic-executor': 'inference' }`. */
  readonly functions?: Readonly<Record<string, string>>;
}

/**
 * Reads a state machine from a JSON or YAML file, fills in variables and renames functions.
 *
 * @throws UserInputError when the file can't be read or parsed, or a variable has no value
 */
export function loadDefinition(path: string, options: LoadOptions = {}): JsonObject {
  const { variables = {}, functions = {} } = options;
  const parsed = readYaml(path, 'a state machine');
  if (!isObject(parsed) || !isObject(parsed.States)) {
    throw new UserInputError(
      `${path} is not a state machine: found ${describe(parsed)}; expected an object with StartAt and States.`,
    );
  }
  return renameFunctions(fillIn(parsed, variables, path, '') as JsonObject, functions);
}

/**
 * Reads a file that says which of our functions stands for which name: one `name: ours` a line, in YAML or JSON.
 *
 * @throws UserInputError
 */
export function loadFunctionNames(path: string): Record<string, string> {
  const schema = z.record(z.string(), z.string({ error: 'the name of a function' }), {
    error: 'an object from the function names of the state machine to ours, e.g. cosmic-executor: inference',
  });
  const names = parseAs(schema, readYaml(path, 'a map of function names'), path);
  return Object.fromEntries(Object.entries(names).map(([name, ours]) => [functionNameOf(name) ?? name, ours]));
}

function readYaml(path: string, what: string): Json {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UserInputError(`Cannot read ${path} as ${what}: ${(cause as Error).message}`, { cause });
  }
  let parsed: unknown;
  try {
    // JSON is YAML too; merge keys and anchors are common in state machines kept as YAML.
    parsed = parseYaml(text, { merge: true, logLevel: 'error' });
  } catch (cause) {
    throw new UserInputError(`${path} is neither JSON nor YAML: ${(cause as Error).message}`, { cause });
  }
  // YAML has what JSON has not: sets, bytes, values that refer to themselves.
  return parseAs(z.json({ error: 'a value as JSON has them' }), parsed ?? null, path);
}

function fillIn(value: Json, variables: Readonly<Record<string, string>>, path: string, place: string): Json {
  if (typeof value === 'string') {
    return value.replaceAll(/\$\{([^}]*)\}/g, (_whole, name: string) => {
      const text = ownValue(variables, name);
      if (text !== undefined) return text;
      const known = Object.keys(variables).join(', ') || 'none';
      throw new UserInputError(`${path}: the variable \${${name}} at ${place} has no value (known: ${known}).`);
    });
  }
  const inside = (key: string | number) => (place === '' ? String(key) : `${place}.${key}`);
  if (Array.isArray(value)) {
    return (value as readonly Json[]).map((entry, index) => fillIn(entry, variables, path, inside(index)));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, fillIn(entry, variables, path, inside(key))]),
  );
}

function renameFunctions(machine: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  return mapStates(machine, (state) => {
    if (state.Type !== 'Task') return state;
    const renamed = (reference: string) => ownValue(names, functionNameOf(reference) ?? '');
    if (typeof state.Resource === 'string' && isFunctionArn(state.Resource)) {
      const ours = renamed(state.Resource);
      return ours === undefined ? state : { ...state, Resource: `arn:aws:lambda:local:000000000000:function:${ours}` };
    }
    const parameters = state.Parameters;
    if (!isObject(parameters) || typeof parameters.FunctionName !== 'string') return state;
    const ours = renamed(parameters.FunctionName);
    return ours === undefined ? state : { ...state, Parameters: { ...parameters, FunctionName: ours } };
  });
}

/** A copy of a machine with every state replaced, inner machines first. */
export function mapStates(machine: JsonObject, replace: (state: JsonObject) => JsonObject): JsonObject {
  const states = isObject(machine.States) ? machine.States : {};
  return {
    ...machine,
    States: Object.fromEntries(
      Object.entries(states).map(([name, state]) => [
        name,
        isObject(state) ? replace(mapNested(state, replace)) : state,
      ]),
    ),
  };
}

function mapNested(state: JsonObject, replace: (state: JsonObject) => JsonObject): JsonObject {
  const nested = nestedMachines(state).map(({ place, machine }) => [place, mapStates(machine, replace)] as const);
  const inPlace = Object.fromEntries(nested.filter(([place]) => !place.startsWith('Branches')));
  const branches = nested.filter(([place]) => place.startsWith('Branches')).map(([, machine]) => machine);
  return { ...state, ...inPlace, ...(branches.length === 0 ? {} : { Branches: branches }) };
}
