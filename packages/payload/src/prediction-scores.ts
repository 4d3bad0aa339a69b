import { z } from 'zod';

const score = z.number().nullable();

/** Accuracy of predicted redshifts p against spectroscopic z; null where it is not defined (no samples, no variance). */
export const predictionScoresSchema = z.object({
  count: z.number().int().nonnegative(),
  /** Predictions left out because z or p is missing or not finite. */
  excluded: z.number().int().nonnegative(),
  mae: score,
  mse: score,
  bias: score,
  /** NMAD: 1.48 median|dz - median dz|, dz = (p - z) / (1 + z). */
  precision: score,
  /** Bound of the error of `precision`; 0 where it is exact. */
  precision_error: score,
  r2: score,
  outlier_fraction_005: score,
  outlier_fraction_015: score,
});
export type PredictionScores = z.output<typeof predictionScoresSchema>;
