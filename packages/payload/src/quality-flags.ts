import { z } from 'zod';

/**
 * What may be wrong with a galaxy, one bit each of `flags` in the predictions. A flagged galaxy still has its prediction; the
 * table in docs/data-quality.md is this one.
 */
export const QUALITY_FLAGS = {
  input_not_finite: { bit: 1, meaning: 'a pixel or a magnitude is not a finite number' },
  magnitude_placeholder: { bit: 2, meaning: 'a magnitude stands for "not measured": at most −9 or at least 90' },
  magnitude_outside_training: { bit: 4, meaning: 'a magnitude lies outside the range that the model was trained on' },
  image_blank: { bit: 8, meaning: 'a band of the image is zero throughout, or one and the same value' },
  image_negative: { bit: 16, meaning: 'a band of the image is negative throughout' },
  prediction_not_finite: { bit: 32, meaning: 'the model answered no finite number' },
  prediction_out_of_range: {
    bit: 64,
    meaning:
      'the prediction lies outside the range that the model was trained on or, where that is unknown, −0.05 to 12',
  },
  truth_unusable: {
    bit: 128,
    meaning: 'the true redshift is not finite, below −0.01 or above 12: counts towards no metric',
  },
} as const satisfies Record<string, { readonly bit: number; readonly meaning: string }>;
export type QualityFlag = keyof typeof QUALITY_FLAGS;

export const QUALITY_FLAG_NAMES = Object.keys(QUALITY_FLAGS) as readonly QualityFlag[];

/** Catalogues mark what was not measured with −9999, −99, 99 and the like; no galaxy has such a magnitude. */
export function isPlaceholderMagnitude(magnitude: number): boolean {
  return magnitude <= -9 || magnitude >= 90;
}

/** Slightly negative redshifts are real (peculiar motion); 99 and −1 stand for "unknown", and no galaxy beyond 12 has been predicted. */
export function isUsableTruth(redshift: number): boolean {
  return redshift >= -0.01 && redshift <= 12;
}

const count = z.number().int().nonnegative();

/** Flagged galaxies of a rank or a run: how many in all, and by flag; one galaxy may have several. */
export const flaggedSchema = z.object({ galaxies: count, by_flag: z.record(z.string(), count) });
export type Flagged = z.output<typeof flaggedSchema>;
