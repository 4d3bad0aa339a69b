import type { RankResult } from '@cosmicai/payload';

/** Different warnings shown; a survey with a fault has it in many ranks, and each sentence should be readable. */
const WARNINGS_SHOWN = 20;

/**
 * The warnings of all ranks, each kind once: sentences that differ only in their figures and file names are one kind, of which the
 * first stands for all.
 */
export function warningsOfRanks(results: readonly RankResult[]): string[] {
  return mergedSentences(results, ({ warnings }) => warnings);
}

/** What none, or only some, of the ranks could check, in the same way. */
export function notCheckedByRanks(results: readonly RankResult[]): string[] {
  return mergedSentences(results, ({ not_checked: sentences }) => sentences);
}

function mergedSentences(
  results: readonly RankResult[],
  sentencesOf: (result: RankResult) => readonly string[] | undefined,
): string[] {
  const kinds = new Map<string, { readonly first: string; readonly ranks: number[] }>();
  for (const result of results) {
    const { rank } = result;
    for (const warning of sentencesOf(result) ?? []) {
      const kind = kindOf(warning);
      const found = kinds.get(kind) ?? { first: warning, ranks: [] };
      if (found.ranks.at(-1) !== rank) found.ranks.push(rank);
      kinds.set(kind, found);
    }
  }
  const sentences = [...kinds.values()].map(({ first, ranks: [rank, ...others] }) =>
    others.length === results.length - 1 && others.length > 0
      ? `All ranks: ${first}`
      : others.length === 0
        ? `Rank ${rank}: ${first}`
        : `Rank ${rank} and ${others.length} other ${others.length === 1 ? 'rank' : 'ranks'} of ${results.length}: ${first}`,
  );
  const more = sentences.length - WARNINGS_SHOWN;
  return [
    ...sentences.slice(0, WARNINGS_SHOWN),
    ...(more > 0 ? [`… and ${more} more kinds of warnings, see the results of the ranks`] : []),
  ];
}

/** Figures, and words with a dot or a slash in them such as file names, don't make another kind. */
function kindOf(warning: string): string {
  return warning
    .replaceAll(/\S*[./#][^\s,]+/g, '…')
    .replaceAll(/\d+/g, '#')
    .replaceAll('…, ', '');
}
