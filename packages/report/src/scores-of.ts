import type { NormalisedRank, RankScores } from '@cosmicai/metrics';
import type { PredictionScores } from '@cosmicai/payload';

/** Means over the galaxies; the means of several ranks make that of them all. */
const MEANS = ['mae', 'mse', 'bias', 'outlier_fraction_005', 'outlier_fraction_015'] as const;

/**
 * Accuracy by what the ranks themselves tell, where there is no summary of their run: that of the only one that tells, or the
 * means of several, each weighted by its galaxies. Precision is a median and R² a quotient, and neither follows from the ranks'.
 */
export function scoresOf(ranks: readonly NormalisedRank[]): PredictionScores | null {
  const told = ranks.flatMap(({ measurement: { scores, samples } }) =>
    tells(scores) ? [{ ...scores, count: scores.count ?? samples }] : [],
  );
  const [only] = told;
  if (only === undefined) return null;
  const count = told.reduce((sum, scores) => sum + (scores.count ?? 0), 0);
  const excluded = told.reduce((sum, scores) => sum + (scores.excluded ?? 0), 0);
  if (told.length === 1) return { ...only, count, excluded, precision_error: null };
  const mean = (of: (typeof MEANS)[number]) => {
    let sum = 0;
    for (const { count: weight, [of]: value } of told) {
      if (weight === 0) continue;
      if (weight === null || value === null) return null;
      sum += weight * value;
    }
    // Figures that nobody measured may add up to infinity.
    return count === 0 || !Number.isFinite(sum) ? null : sum / count;
  };
  const means = Object.fromEntries(MEANS.map((name) => [name, mean(name)])) as Record<
    (typeof MEANS)[number],
    number | null
  >;
  return { count, excluded, ...means, precision: null, precision_error: null, r2: null };
}

/** What is to be said beside the accuracy of several ranks. */
export function scoreNotes(ranks: readonly NormalisedRank[]): string[] {
  const told = ranks.filter(({ measurement }) => tells(measurement.scores)).length;
  if (told === 0) return [];
  const missing = ranks.length - told;
  return [
    ...(told > 1
      ? ['Precision and R² of the whole run don’t follow from those of its ranks; summary.json has them.']
      : []),
    ...(missing > 0 ? [`The accuracy is that of ${told} of ${ranks.length} ranks; the others tell none.`] : []),
  ];
}

function tells(scores: RankScores): boolean {
  return [...MEANS, 'precision' as const, 'r2' as const].some((name) => scores[name] !== null);
}
