/** Worlds, lengths and roots that are tried with one another. */
export interface Extent {
  readonly worldSizes: readonly number[];
  /** Bytes of each rank's message. */
  readonly lengths: readonly number[];
  readonly roots: (size: number) => readonly number[];
  /**
   * Bytes that an allgather may leave on all ranks together; default: any number. A server that holds a copy for each reader
   * would need as much memory again as this process, which has 8 GiB of them after an allgather of 8 MiB from 32 ranks.
   */
  readonly mostGathered?: number;
}

const KIB = 1024;
export const MIB = 1024 * KIB;

export const everyRoot = (size: number): number[] => Array.from({ length: size }, (_, root) => root);
export const outerRoots = (size: number): number[] => [...new Set([0, size - 1])];

const allSizes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 32];
export const smallLengths = [0, 1, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1];
/** Beside nothing and next to nothing, one length that needs two parts wherever 64 KiB are one. */
export const fewLengths = [0, 1, 64 * KIB + 1];

/** What every channel promises: minutes to an hour, by the channel. */
export const wholeContract: readonly Extent[] = [
  { worldSizes: allSizes, lengths: smallLengths, roots: everyRoot },
  { worldSizes: allSizes, lengths: [8 * MIB], roots: everyRoot },
];

/** Of that, what is tried every day: few lengths in these worlds, and the longest in the smallest. */
export function everyDay(
  worldSizes: readonly number[] = [1, 2, 3, 5, 8],
  roots: Extent['roots'] = outerRoots,
): readonly Extent[] {
  return [
    { worldSizes, lengths: fewLengths, roots },
    { worldSizes: [2], lengths: [8 * MIB], roots: outerRoots },
  ];
}
