/** What a rank did and how long it took, as far as rates care. */
export interface RankWork {
  readonly samples: number;
  /** Image and magnitude bits read. */
  readonly bits: number;
  /** Seconds the rank took. */
  readonly seconds: number;
}

export interface Rate {
  readonly samplesPerSecond: number;
  readonly bitsPerSecond: number;
}

/**
 * The four numbers that are all called "throughput" in practice and differ by a factor of ten in the published results.
 * A rate over no time at all is null.
 */
export interface Rates {
  readonly perRank: readonly (Rate | null)[];
  /** Sum of the ranks' own rates: what the published 18.04 Gbit/s is. No run ever has it, unless all ranks work all the time. */
  readonly summedOverRanks: Rate;
  /** All the work over the time of the slowest rank: the run without queueing and orchestration. */
  readonly bySlowestRank: Rate | null;
  /** All the work over the wall-clock time of the run: what somebody waiting for it sees. Null where that is not known. */
  readonly byWallClock: Rate | null;
}

/** @param wallClockSeconds from the start of the run to its end, where known */
export function ratesOf(ranks: readonly RankWork[], wallClockSeconds?: number): Rates {
  const perRank = ranks.map((rank) => over(rank, rank.seconds));
  const total = {
    samples: finite(ranks.reduce((sum, rank) => sum + rank.samples, 0)),
    bits: finite(ranks.reduce((sum, rank) => sum + rank.bits, 0)),
  };
  return {
    perRank,
    summedOverRanks: {
      samplesPerSecond: finite(perRank.reduce((sum, rate) => sum + (rate?.samplesPerSecond ?? 0), 0)),
      bitsPerSecond: finite(perRank.reduce((sum, rate) => sum + (rate?.bitsPerSecond ?? 0), 0)),
    },
    bySlowestRank: over(
      total,
      ranks.reduce((slowest, rank) => Math.max(slowest, rank.seconds), 0),
    ),
    byWallClock: wallClockSeconds === undefined ? null : over(total, wallClockSeconds),
  };
}

function over(work: { readonly samples: number; readonly bits: number }, seconds: number): Rate | null {
  const rate = { samplesPerSecond: work.samples / seconds, bitsPerSecond: work.bits / seconds };
  // Over a time that nobody can have measured it is no rate either.
  return seconds > 0 && Number.isFinite(rate.samplesPerSecond) && Number.isFinite(rate.bitsPerSecond) ? rate : null;
}

/** Of figures that nobody measured the sum may be beyond all numbers. */
function finite(sum: number): number {
  return Math.min(sum, Number.MAX_VALUE);
}
