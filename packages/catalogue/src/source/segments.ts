import { compareNaturally, type RankResult } from '@cosmicai/payload';

/** Consecutive rows of a rank's predictions. */
export interface Segment {
  readonly rank: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Where the predictions of all partitions lie, in the natural order of the partitions (2.pt before 10.pt), which a plan that gives
 * ranks their files by name may have mixed. What lies together and is in order is one segment.
 */
export function segmentsOf(results: readonly Pick<RankResult, 'rank' | 'partitions'>[]): Segment[] {
  const parts = results.flatMap(({ rank, partitions }) => {
    let row = 0;
    return partitions.map(({ key, samples }) => ({ key, rank, from: row, to: (row += samples) }));
  });
  const segments: Segment[] = [];
  for (const { rank, from, to } of parts.sort((a, b) => compareNaturally(a.key, b.key))) {
    const last = segments.at(-1);
    if (last?.rank === rank && last.to === from) segments[segments.length - 1] = { ...last, to };
    else segments.push({ rank, from, to });
  }
  return segments;
}
