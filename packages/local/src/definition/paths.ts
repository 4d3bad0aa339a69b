import { isObject, type Json, type JsonObject } from './types.ts';

/** A JSONPath or intrinsic function in a state, and the field it stands in, e.g. `Parameters.Payload.$`. */
export interface PathUse {
  readonly text: string;
  readonly place: string;
  /** Templates (`Parameters`, `ResultSelector`, …) may hold intrinsic functions; fields such as `InputPath` may not. */
  readonly inTemplate: boolean;
}

const TEMPLATES = new Set(['Parameters', 'ResultSelector', 'ItemSelector', 'BatchInput']);
/** Literal data, and machines that are visited on their own. */
const WITHOUT_PATHS = new Set(['Comment', 'Result', 'ItemProcessor', 'Iterator', 'Branches']);

/** A copy of a state with every path replaced; inner machines stay as they are. */
export function mapPaths(state: JsonObject, replace: (use: PathUse) => string): JsonObject {
  return mapEntries(state, '', (value, key, place) => mapField(value, key, place, replace));
}

/** Every path in a state, without those of inner machines. */
export function pathsOf(state: JsonObject): PathUse[] {
  const uses: PathUse[] = [];
  mapPaths(state, (use) => {
    uses.push(use);
    return use.text;
  });
  return uses;
}

function mapField(value: Json, key: string, place: string, replace: (use: PathUse) => string): Json {
  if (WITHOUT_PATHS.has(key)) return value;
  if (TEMPLATES.has(key)) return mapTemplate(value, key, place, replace);
  if (typeof value === 'string') {
    const isPath = key === 'Variable' || key.endsWith('Path');
    return isPath ? replace({ text: value, place, inTemplate: false }) : value;
  }
  if (Array.isArray(value)) {
    return (value as readonly Json[]).map((entry, index) => mapField(entry, '', `${place}[${index}]`, replace));
  }
  if (isObject(value)) return mapEntries(value, place, (entry, name, at) => mapField(entry, name, at, replace));
  return value;
}

function mapTemplate(value: Json, key: string, place: string, replace: (use: PathUse) => string): Json {
  if (typeof value === 'string') return key.endsWith('.$') ? replace({ text: value, place, inTemplate: true }) : value;
  if (Array.isArray(value)) {
    return (value as readonly Json[]).map((entry, index) => mapTemplate(entry, '', `${place}[${index}]`, replace));
  }
  if (isObject(value)) return mapEntries(value, place, (entry, name, at) => mapTemplate(entry, name, at, replace));
  return value;
}

function mapEntries(
  object: JsonObject,
  place: string,
  map: (value: Json, key: string, place: string) => Json,
): JsonObject {
  const prefix = place === '' ? '' : `${place}.`;
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key, `${prefix}${key}`)]));
}

/** The parts of an intrinsic call outside its quoted strings, which are the parts that can hold paths and names. */
export function replaceUnquoted(text: string, replace: (part: string) => string): string {
  return text
    .split(/('(?:[^'\\]|\\.)*')/)
    .map((part, index) => (index % 2 === 0 ? replace(part) : part))
    .join('');
}
