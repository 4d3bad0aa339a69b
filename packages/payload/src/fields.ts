import { z } from 'zod';

/**
 * Fields as users really write them: the published payloads hold numbers both as numbers and as text, and booleans as
 * text. Every message says what is allowed, because it is shown as it stands.
 */

export function integer(min: number, max: number): z.ZodType<number> {
  const allowed = `a whole number from ${min} to ${max}`;
  return z
    .union(
      [
        z.number(),
        z
          .string()
          .regex(/^\s*[+-]?\d+\s*$/)
          .transform(Number),
      ],
      { error: allowed },
    )
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, { error: allowed });
}

export function decimal(min: number, max: number): z.ZodType<number> {
  const allowed = `a number from ${min} to ${max}`;
  return z
    .union(
      [
        z.number(),
        z
          .string()
          .regex(/^\s*[+-]?\d+(\.\d+)?\s*$/)
          .transform(Number),
      ],
      { error: allowed },
    )
    .refine((value) => value >= min && value <= max, { error: allowed });
}

export const flag: z.ZodType<boolean> = z.union(
  [z.boolean(), z.stringbool({ truthy: ['true', '1'], falsy: ['false', '0'] })],
  { error: 'true or false' },
);

/** Text that passes a check, with its surrounding blanks cut. */
export function matching(fits: (value: string) => boolean, allowed: string): z.ZodType<string> {
  return z.string({ error: allowed }).trim().refine(fits, { error: allowed });
}

export function text(allowed: string): z.ZodType<string> {
  return matching((value) => value !== '', allowed);
}
