import { z } from 'zod';

/** One number for all bands, or one for each. */
export type PerBand = number | readonly number[];

/** What is done to pixels before a model gets them; the steps are a closed set. */
export type ScalingStep =
  | { readonly subtract: PerBand }
  | { readonly multiply: PerBand }
  | { readonly divide: PerBand }
  /** asinh(pixel / softening). */
  | { readonly asinh: PerBand }
  | { readonly clip: readonly [low: number, high: number] };

const MOST_STEPS = 16;

const number = z.number({ error: 'a number' });
const perBand = (value: z.ZodNumber) =>
  z.union([value, z.array(value).min(1)], { error: 'a number, or a list with one for each band' });
const divisor = perBand(number.refine((value) => Math.fround(value) !== 0, { error: 'a number other than 0' }));
const softening = perBand(number.refine((value) => Math.fround(value) > 0, { error: 'a number above 0' }));

const stepSchema = z.union(
  [
    z.strictObject({ subtract: perBand(number) }),
    z.strictObject({ multiply: perBand(number) }),
    z.strictObject({ divide: divisor }),
    z.strictObject({ asinh: softening }),
    z.strictObject({
      clip: z
        .tuple([number, number])
        .refine(([low, high]) => low < high, { error: 'two numbers, the smaller one first' }),
    }),
  ],
  {
    error:
      'one of {subtract: x}, {multiply: x}, {divide: x} (x not 0), {asinh: x} (x above 0), {clip: [low, high]}; x is a number, or a list with one for each band',
  },
);

/** What people write: `none`, or steps in order. */
export const scalingSchema = z.union(
  [z.literal('none').transform((): ScalingStep[] => []), z.array(stepSchema).max(MOST_STEPS)],
  {
    error: `none, or a list of at most ${MOST_STEPS} steps, each one of {subtract: x}, {multiply: x}, {divide: x} (x not 0), {asinh: x} (x above 0), {clip: [low, high]}; x is a number, or a list with one for each band`,
  },
);

/** Why steps don't fit so many bands; undefined: they do. */
export function scalingMisfit(steps: readonly ScalingStep[], bands: number): string | undefined {
  for (const step of steps)
    for (const [name, value] of Object.entries<PerBand>(step))
      if (name !== 'clip' && typeof value !== 'number' && value.length !== bands)
        return `as many numbers in ${name} as there are bands (${bands})`;
  return undefined;
}
