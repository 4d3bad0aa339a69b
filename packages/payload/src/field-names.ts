import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { describe, describePath } from './describe.ts';
import type { Problem } from './errors.ts';

export interface SpelledFields {
  /** The fields by names without blanks. A mistyped one stands under the name that was meant, so that it is told once. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];
}

/**
 * Reads the names of an object's fields. Blanks are underscores (`data bucket` is in use). A name that is a known one but for
 * capitals and hyphens, or by one slip of the fingers, is a problem: taken for an unknown field it would be left out in silence.
 */
export function spelledFields(input: object, known: readonly string[]): SpelledFields {
  const fields = new Map<string, unknown>();
  const meant = new Map<string, unknown>();
  const problems: Problem[] = [];
  for (const [name, value] of Object.entries(input)) {
    const spelled = name.replace(/\s/g, '_');
    const likely = known.includes(spelled) ? undefined : meantBy(spelled, known);
    if (likely !== undefined) {
      meant.set(likely, value);
      problems.push({
        path: describePath([name]),
        found: 'a field of this name',
        allowed: `${likely} (did you mean that?)`,
      });
    } else if (fields.has(spelled) && !isDeepStrictEqual(fields.get(spelled), value)) {
      problems.push({
        path: describePath([name]),
        found: describe(value),
        allowed: `the same value in every spelling of ${spelled}`,
      });
    } else fields.set(spelled, value);
  }
  return { fields: Object.fromEntries([...meant, ...fields]), problems };
}

/**
 * An object of these fields and no others; of another one is told which of them may be meant.
 *
 * @param what what is allowed in its place
 */
export function strictFields<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  what: string,
  missing = what,
): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys') return namesAllowed(issue.keys, known);
      return issue.input === undefined ? missing : what;
    },
  });
}

function namesAllowed(names: readonly string[], known: readonly string[]): string {
  const likely = names.map((name) => meantBy(name, known)).filter((name) => name !== undefined);
  const all = `the fields ${known.join(', ')}`;
  return likely.length === 0 ? all : `${all} (did you mean ${likely.join(', ')}?)`;
}

/** Words of their own, though one letter away from a known field. */
const OTHER_WORDS = new Set(['mode']);

function meantBy(name: string, known: readonly string[]): string | undefined {
  const folded = fold(name);
  if (OTHER_WORDS.has(folded)) return undefined;
  return known.find((field) => fold(field) === folded) ?? known.find((field) => isOneEdit(fold(field), folded));
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll('-', '_');
}

/** Whether one letter was left out, added, changed, or swapped with its neighbour (Damerau's edits). */
function isOneEdit(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const after = (skippedOfA: number, skippedOfB: number) => a.slice(at + skippedOfA) === b.slice(at + skippedOfB);
  if (a.length !== b.length) return a.length > b.length ? after(1, 0) : after(0, 1);
  return after(1, 1) || (a[at] === b[at + 1] && a[at + 1] === b[at] && after(2, 2));
}
