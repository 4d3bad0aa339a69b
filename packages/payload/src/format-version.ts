import { z } from 'zod';

/**
 * Version of the files that this system writes: one number for all of them, told by the last key `format` of a JSON object and
 * by the key-value metadata `cosmicai.format` of a Parquet file. It grows when a reader of the version before would take
 * something for what it isn't; a new field alone doesn't change it. docs/compatibility.md has what each version is.
 */
export const FORMAT = 2;

/** Format of files that don't tell theirs: they were written before files told it. */
export const FIRST_FORMAT = 1;

/** Key of the format in the key-value metadata of a Parquet file. */
export const PARQUET_FORMAT_KEY = 'cosmicai.format';

/** Marks what the check of a newer format found, so that the reader is told that instead of a list of problems. */
const NEWER = 'newer-format';

/** `format` of a JSON object that this system writes. Absent: `FIRST_FORMAT`. */
export const formatField = z
  .int({ error: `a format from ${FIRST_FORMAT} to ${FORMAT}` })
  .min(FIRST_FORMAT, { error: `a format from ${FIRST_FORMAT} to ${FORMAT}` })
  .refine((format) => format <= FORMAT, { error: `a format up to ${FORMAT}`, params: { check: NEWER } })
  .exactOptional();

/** The same object, telling its format by its last key, whatever it told before. */
export function withFormat<Value extends object>(value: Value): Value & { readonly format: number } {
  const { format: _, ...rest } = value as Value & { readonly format?: unknown };
  return { ...rest, format: FORMAT } as Value & { readonly format: number };
}

/** Whether an issue of a schema is that the value was written by a newer version. */
export function isNewerFormat(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'custom' && issue.params?.check === NEWER;
}

/** The format of a JSON object, or of the objects in a list, where only later versions know it; undefined where this one reads it. */
export function newerFormatOf(value: unknown): number | undefined {
  for (const each of Array.isArray(value) ? (value as unknown[]) : [value]) {
    const { format } = (each ?? {}) as { readonly format?: unknown };
    if (typeof format === 'number' && Number.isInteger(format) && format > FORMAT) return format;
  }
  return undefined;
}
