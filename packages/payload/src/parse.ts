import type { z } from 'zod';
import { describe, describePath } from './describe.ts';
import { InvalidInputError, NewerFormatError, type Problem } from './errors.ts';
import { FORMAT, isNewerFormat } from './format-version.ts';

/**
 * Far more than anybody nests on purpose, and far less than what overflows the stack of JSON.stringify and of schemas that
 * call themselves: text of a few hundred kilobytes can hold 100,000 levels.
 */
export const MOST_LEVELS = 200;

type LineOf = (path: readonly PropertyKey[]) => number | undefined;

/**
 * Parses a value at a boundary.
 *
 * @param what name of the value in the error message, e.g. `payload`
 * @param lineOf line of the text that a field stands in, where the value was read from one
 * @throws InvalidInputError listing every problem with its field path, what was found and what is allowed
 * @throws NewerFormatError instead where the value tells a format that only later versions know
 */
export function parseAs<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  what: string,
  lineOf?: LineOf,
): z.output<Schema> {
  const parsed = parseOrProblems(schema, input, lineOf);
  if ('problems' in parsed) {
    if (parsed.newerFormat !== undefined) throw new NewerFormatError(what, parsed.newerFormat, FORMAT);
    throw new InvalidInputError(what, parsed.problems);
  }
  return parsed.data;
}

/** Parses JSON text at a boundary; text that is not valid JSON is an InvalidInputError too. */
export function parseJsonAs<Schema extends z.ZodType>(schema: Schema, text: string, what: string): z.output<Schema> {
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch (error) {
    throw new InvalidInputError(what, [
      { path: '(root)', found: describe(text.slice(0, 40)), allowed: `valid JSON (${(error as Error).message})` },
    ]);
  }
  return parseAs(schema, input, what);
}

/** What a schema makes of a value, or everything that is wrong with it. */
export function parseOrProblems<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  lineOf?: LineOf,
): { readonly data: z.output<Schema> } | { readonly problems: readonly Problem[]; readonly newerFormat?: number } {
  if (isNestedTooDeep(input)) {
    const found = `more than ${MOST_LEVELS} levels of lists and objects in each other`;
    return { problems: [{ path: '(root)', found, allowed: `${MOST_LEVELS} levels at most` }] };
  }
  const parsed = schema.safeParse(input);
  if (parsed.success) return { data: parsed.data };
  const { issues } = parsed.error;
  const newer = issues.find(isNewerFormat);
  return {
    problems: issues.flatMap((issue) => problemsOf(issue, input, lineOf)),
    ...(newer !== undefined && { newerFormat: valueAt(input, newer.path) as number }),
  };
}

/** One for each field of a name that isn't known, else one. */
function problemsOf(issue: z.core.$ZodIssue, input: unknown, lineOf: LineOf = () => undefined): Problem[] {
  const placed = (path: readonly PropertyKey[], found: string): Problem => {
    const line = lineOf(path);
    const at = line === undefined ? '' : ` (line ${line})`;
    return { path: `${describePath(path)}${at}`, found, allowed: issue.message };
  };
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => placed([...issue.path, key], 'a field of this name'));
  return [placed(issue.path, describe(valueAt(input, issue.path)))];
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      isContainer(value) && Object.hasOwn(value, key) ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    input,
  );
}

/** Looks level by level, without calling itself; what refers to itself has no end and so is too deep. */
function isNestedTooDeep(value: unknown): boolean {
  let level = new Set(isContainer(value) ? [value] : []);
  for (let depth = 0; level.size > 0; depth++) {
    if (depth === MOST_LEVELS) return true;
    const next = new Set<object>();
    for (const container of level) {
      if (ArrayBuffer.isView(container)) continue;
      for (const inner of Object.values(container) as unknown[]) if (isContainer(inner)) next.add(inner);
    }
    level = next;
  }
  return false;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
