import { z } from 'zod';

const count = z.number().int().nonnegative();

/** N(z): how many galaxies have predicted redshifts in each of the intervals of one width. */
export const redshiftHistogramSchema = z.object({
  bin_width: z.number().positive(),
  /** Lower edge of the first interval. */
  from: z.number(),
  /** Of the intervals, one after the other: the first and the last hold a galaxy. */
  counts: z.array(count),
  /** Galaxies whose prediction is not finite, or beyond any redshift. */
  outside: count,
});
export type RedshiftHistogram = z.output<typeof redshiftHistogramSchema>;

/** What takes the place of the accuracy, over galaxies or some of them, where nobody knows the true redshifts. */
export const withoutTruthFields = {
  /** Galaxies that came without a true redshift; absent where all had one. */
  without_truth: count.positive().optional(),
  /** Of the predictions of all galaxies; absent where all had a true redshift. */
  redshift_histogram: redshiftHistogramSchema.optional(),
  /** Galaxies whose model answers something else than a redshift; absent where all have one. */
  without_redshift: count.positive().optional(),
  /** Of a model that answers classes: galaxies by the most probable one. */
  class_counts: z.record(z.string(), count).optional(),
};
