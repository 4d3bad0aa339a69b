import type { JsonObject } from './types.ts';

/** Receives one finding: where it stands and what it is. */
export type Report = (place: string, what: string) => void;

/** Reports every field beyond the allowed ones; `Name.$` counts as `Name`. */
export function checkFields(
  object: JsonObject,
  allowed: readonly string[],
  place: string,
  owner: string,
  report: Report,
): void {
  for (const name of Object.keys(object)) {
    if (!allowed.includes(name.replace(/\.\$$/, ''))) {
      report(place === '' ? name : `${place}.${name}`, `the field ${name} of ${owner}`);
    }
  }
}
