import { describe as shown, inferReportSchema, rankResultSchema, type RankResult } from '@cosmicai/payload';
import { fromAnyKeys, NOTHING_MEASURED } from './foreign-result.ts';
import { fromInferReport, fromRankResult } from './own-results.ts';
import type { NormalisedRank, RankMeasurement } from './rank-measurement.ts';

/**
 * Reads a rank's result whatever its generation: ours, the published ones, the single-machine script's, or anything with
 * names that mean the same.
 *
 * @param input one object, parsed from JSON
 */
export function normaliseRankResult(input: unknown): NormalisedRank {
  const ours = rankResultSchema.safeParse(input);
  if (ours.success) return normaliseOwnResult(ours.data);
  const inferred = inferReportSchema.safeParse(input);
  if (inferred.success) return understood(fromInferReport(inferred.data));
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return {
      measurement: NOTHING_MEASURED,
      isResult: false,
      notUnderstood: [`${shown(input)} is not a rank result`],
      derived: [],
    };
  }
  return fromAnyKeys(input as Readonly<Record<string, unknown>>);
}

/** The same of a result of this system's that was read as such. */
export function normaliseOwnResult(result: RankResult): NormalisedRank {
  return understood(fromRankResult(result));
}

function understood(measurement: RankMeasurement): NormalisedRank {
  return { measurement, isResult: true, notUnderstood: [], derived: [] };
}

/** The ranks that a file, or several, tell of. */
export interface RankResults {
  readonly ranks: readonly NormalisedRank[];
  /** For people: what of the records is not shown as a rank, and why. */
  readonly notes: readonly string[];
}

/**
 * Reads the content of a combined_data.json (an array), a single `<rank>.json` (an object), an object of ranks, or a series of
 * totals that one process wrote as it went on, of which the last one counts. Records without anything measured are left out
 * and noted.
 */
export function readRankResults(input: unknown): RankResults {
  const all = recordsIn(input).map(normaliseRankResult);
  const ranks = all.filter(({ isResult }) => isResult);
  const others = all.flatMap(({ isResult, notUnderstood }, at) =>
    isResult
      ? []
      : [
          `Record ${at + 1} of ${all.length} is not a result: ${notUnderstood[0] ?? 'it has no time, rate or accuracy'}`,
        ],
  );
  const last = lastTotal(ranks);
  if (last === undefined) return { ranks, notes: first(others) };
  return {
    ranks: [last],
    notes: [
      ...first(others),
      `These are ${ranks.length} totals of one process, each counted from its start: the last one, after ${last.measurement.gbProcessed} GB, is shown.`,
    ],
  };
}

/** Records told one by one. */
const MOST_TOLD = 20;

function first(notes: readonly string[]): string[] {
  const more = notes.length - MOST_TOLD;
  return more > 0 ? [...notes.slice(0, MOST_TOLD), `… and ${more} more records that are not results`] : [...notes];
}

/** The results in a list or an object of ranks; of anything else, itself. */
export function recordsIn(input: unknown): unknown[] {
  if (Array.isArray(input)) return input;
  if (typeof input === 'object' && input !== null) {
    const entries = Object.entries(input);
    const byRank =
      entries.length > 0 &&
      entries.every(([key, value]) => /^\d+$/.test(key) && typeof value === 'object' && value !== null);
    if (byRank) return entries.map(([rank, value]) => ({ rank: Number(rank), ...(value as object) }));
  }
  return [input];
}

/** The last record of a series of totals that one process wrote, gigabyte by gigabyte; undefined when these are ranks. */
function lastTotal(ranks: readonly NormalisedRank[]): NormalisedRank | undefined {
  if (ranks.length < 2) return undefined;
  const processed = ranks.map(({ measurement }) => measurement.gbProcessed);
  const isSeries =
    processed.every((gb) => gb !== null) &&
    new Set(processed).size === processed.length &&
    ranks.every(({ measurement }) => measurement.rank === null);
  if (!isSeries) return undefined;
  return ranks.reduce((last, rank) =>
    (rank.measurement.gbProcessed ?? 0) > (last.measurement.gbProcessed ?? 0) ? rank : last,
  );
}
