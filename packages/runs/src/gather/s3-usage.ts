import type { RunUsage } from '@cosmicai/metrics';
import type { RankResult, RunRecord, RunSummary, StoreRequestCounts } from '@cosmicai/payload';

/** What a run's own files tell of its requests to S3. */
export interface S3Sources {
  readonly record: Pick<RunRecord, 'partitions' | 'store_requests'>;
  readonly summary: Pick<RunSummary, 'store_requests'>;
  readonly results: readonly Pick<RankResult, 'partitions' | 's3_total_time' | 's3_avg_time' | 'store_requests'>[];
}

interface S3Usage {
  readonly s3: NonNullable<RunUsage['s3']>;
  /** Ranks whose requests were not counted and are taken by their reads. */
  readonly estimatedRanks: number;
}

/** S3 answers with so many keys at most. */
const KEYS_PER_PAGE = 1000;

/**
 * The requests that a run is charged for: those that Initialize, the ranks and Summarize counted. HEAD is priced as GET, and
 * deletions are free. What was written before requests were counted is estimated: each rank's ranged reads are known.
 */
export function s3UsageOf({ record, summary, results }: S3Sources): S3Usage {
  const counts = [
    record.store_requests ?? none({ lists: Math.max(1, Math.ceil(record.partitions.files / KEYS_PER_PAGE)), puts: 2 }),
    // The record and the manifest, then a result and predictions of each rank.
    summary.store_requests ?? none({ gets: 2 + 2 * results.length, puts: 4 }),
    ...results.map((result) => result.store_requests ?? estimated(result)),
  ];
  const total = (kind: keyof StoreRequestCounts) => counts.reduce((sum, each) => sum + each[kind], 0);
  return {
    s3: { puts: total('puts'), lists: total('lists'), gets: total('gets') + total('heads') },
    estimatedRanks: results.filter((result) => result.store_requests === undefined).length,
  };
}

/** A look at each partition, its reads, which are the time of all by that of one, and the three files that a rank leaves. */
function estimated(result: S3Sources['results'][number]): StoreRequestCounts {
  const { s3_total_time: total, s3_avg_time: average, partitions } = result;
  return none({ heads: partitions.length, gets: average > 0 ? Math.round(total / average) : 0, puts: 3 });
}

function none(counted: Partial<StoreRequestCounts>): StoreRequestCounts {
  return { gets: 0, heads: 0, puts: 0, lists: 0, deletes: 0, ...counted };
}
