/** Different sentences shown; a survey with a fault has it in many ranks, and each sentence should be readable. */
const SENTENCES_SHOWN = 20;

interface Kind {
  readonly first: string;
  readonly rank: number;
  ranks: number;
  lastRank: number;
}

/**
 * Sentences of ranks, each kind once: those that differ only in their figures and file names are one kind, of which the first stands
 * for all.
 */
export class RankSentences {
  readonly #kinds = new Map<string, Kind>();
  #ranks = 0;

  /** Those of the next rank, which may have none. */
  add(rank: number, sentences: readonly string[] = []): void {
    this.#ranks++;
    for (const sentence of sentences) {
      const name = kindOf(sentence);
      const kind = this.#kinds.get(name);
      if (kind === undefined) this.#kinds.set(name, { first: sentence, rank, ranks: 1, lastRank: rank });
      else if (kind.lastRank !== rank) {
        kind.ranks++;
        kind.lastRank = rank;
      }
    }
  }

  merged(): string[] {
    const all = this.#ranks;
    const sentences = [...this.#kinds.values()].map(({ first, rank, ranks }) =>
      ranks === all && ranks > 1
        ? `All ranks: ${first}`
        : ranks === 1
          ? `Rank ${rank}: ${first}`
          : `Rank ${rank} and ${ranks - 1} other ${ranks === 2 ? 'rank' : 'ranks'} of ${all}: ${first}`,
    );
    const more = sentences.length - SENTENCES_SHOWN;
    return [
      ...sentences.slice(0, SENTENCES_SHOWN),
      ...(more > 0 ? [`… and ${more} more kinds of warnings, see the results of the ranks`] : []),
    ];
  }
}

/** Figures, and words with a dot or a slash in them such as file names, don't make another kind. */
function kindOf(warning: string): string {
  return warning
    .replaceAll(/\S*[./#][^\s,]+/g, '…')
    .replaceAll(/\d+/g, '#')
    .replaceAll('…, ', '');
}
