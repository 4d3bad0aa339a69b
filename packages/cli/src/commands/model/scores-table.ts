import type { PredictionScores } from '@cosmicai/payload';
import { formatTable } from '../../output/table.ts';
import { score } from '../../output/units.ts';

/** Scores of models on the same galaxies, a row each. */
export function scoresTable(rows: readonly (readonly [model: string, PredictionScores])[]): string {
  return formatTable(
    [
      { title: 'model', align: 'left', cell: ([name]) => name },
      { title: 'MAE', cell: ([, scores]) => score(scores.mae, 6) },
      { title: 'NMAD', cell: ([, scores]) => score(scores.precision, 6) },
      { title: 'R2', cell: ([, scores]) => score(scores.r2, 6) },
    ],
    rows,
  );
}
