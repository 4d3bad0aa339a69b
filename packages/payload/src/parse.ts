import type { z } from 'zod';
import { InvalidInputError, type Problem } from './errors.ts';

const LONGEST_VALUE_SHOWN = 60;

/** A value as people would recognise it in an error message, cut to one short line. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return typeof value;
  return text.length <= LONGEST_VALUE_SHOWN
    ? text
    : `${text.slice(0, LONGEST_VALUE_SHOWN)}… (${text.length} characters)`;
}

function problemOf(issue: z.core.$ZodIssue, input: unknown): Problem {
  const found = issue.path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key],
    input,
  );
  return { path: issue.path.map(String).join('.') || '(root)', found: describe(found), allowed: issue.message };
}

/**
 * Parses a value at a boundary.
 *
 * @param what name of the value in the error message, e.g. `payload`
 * @throws InvalidInputError listing every problem with its field path, what was found and what is allowed
 */
export function parseAs<Schema extends z.ZodType>(schema: Schema, input: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new InvalidInputError(
    what,
    parsed.error.issues.map((issue) => problemOf(issue, input)),
  );
}

/** Parses JSON text at a boundary; text that is no JSON is an InvalidInputError too. */
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
