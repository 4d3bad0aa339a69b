import { pieceSizes, piecesOf } from '@cosmicai/store';
import type { AwsLimits } from './aws-limits.ts';
import type { RankLoad, RunPlan } from './run-plan.ts';

/** How long a rank is busy with reading its files, as `inPieces` of the store reads them: each by itself, one after the other. */
export interface Reading {
  /** GET requests. */
  readonly gets: number;
  /** Seconds until there is something to predict, in all files together; nothing overlaps them. */
  readonly untilFirst: number;
  /** Seconds for the rest, which comes while what is there is predicted. */
  readonly rest: number;
  /** Share of a rank's galaxies that can be predicted only when the last of these bytes has come. */
  readonly lastShare: number;
}

export interface ReadingConditions {
  readonly limits: AwsLimits;
  /** vCPUs of the function. Below one it has no time to take bytes as fast as they could come. */
  readonly vcpus: number;
  /** Ranks that share the store's requests. */
  readonly readers: number;
}

/** Requests of one file that are under way at a time: the piece that is waited for and those ahead of it. */
const UNDER_WAY = 3;

/** Ranks that may read at the same time. */
export function readersOf({ ranks, maxConcurrency }: RunPlan, limits: AwsLimits): number {
  const withData = ranks.filter((load) => load.files > 0).length;
  return Math.min(withData, maxConcurrency, limits.distributedMapConcurrency, limits.accountConcurrency);
}

/** What reading costs a rank whose files are of one size. */
export function readingOf({ files, bytes }: RankLoad, { limits, vcpus, readers }: ReadingConditions): Reading {
  if (files === 0) return { gets: 0, untilFirst: 0, rest: 0, lastShare: 0 };
  const size = bytes / files;
  const { first, between, last } = pieceSizes(size);
  const gets = files * piecesOf(size);
  const transfer = (length: number) => length / (limits.s3BytesPerSecond * Math.min(1, vcpus));
  // The directory at the end of the file first, then its beginning; a file of one piece has both in it.
  const untilFirst = files * ((last > 0 ? 2 : 1) * limits.s3RequestSeconds + transfer(first + last));
  const rest =
    files * Math.max(transfer(between.count * between.bytes), (between.count / UNDER_WAY) * limits.s3RequestSeconds);
  // Amazon answers so many requests a second for all that lies below one prefix; ranks share them.
  const fairShare = (gets * readers) / limits.s3GetsPerSecond;
  return {
    gets,
    untilFirst,
    rest: Math.max(rest, fairShare - untilFirst),
    lastShare: Math.min(1, between.bytes / Math.max(1, bytes)),
  };
}
