import type { Calibration } from './calibration.ts';

/** What Summarize takes over the ranks of a run: it reads those that come while it merges what has come, so the slower one counts. */
export function summarizeRanksSeconds({ summarize }: Pick<Calibration, 'summarize'>, ranks: number): number {
  const { readsAtOnce, objectsPerRank, secondsPerObject, secondsPerRank = 0 } = summarize;
  const reading = Math.ceil(ranks / readsAtOnce) * objectsPerRank * secondsPerObject;
  return Math.max(reading, ranks * secondsPerRank);
}
