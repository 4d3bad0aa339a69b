import { s3UsageOf } from '../../src/gather.ts';

const counted = (gets: number, heads: number, puts: number) => ({ gets, heads, puts, lists: 1, deletes: 9 });
const rank = { partitions: [{ key: '1.pt', size: 9, samples: 1 }], s3_total_time: 1.2, s3_avg_time: 0.1 };
const partitions = { files: 1001, bytes: 9 };

describe('the S3 requests of a run', () => {
  it('are those that were counted, HEAD as GET, deletions free', () => {
    const usage = s3UsageOf({
      record: { partitions, store_requests: counted(0, 1, 2) },
      summary: { store_requests: counted(6, 1, 4) },
      results: [{ ...rank, store_requests: counted(12, 1, 3) }],
    });
    expect(usage).toEqual({ s3: { puts: 9, lists: 3, gets: 21 }, estimatedRanks: 0 });
  });

  it('are estimated of what was written before they were counted', () => {
    const usage = s3UsageOf({ record: { partitions }, summary: {}, results: [rank, { ...rank, s3_avg_time: 0 }] });
    // Two pages; a look and twelve reads, a look alone; the record, the manifest, two results and their predictions.
    expect(usage).toEqual({ s3: { puts: 2 + 4 + 6, lists: 2, gets: 13 + 1 + 6 }, estimatedRanks: 2 });
  });
});
