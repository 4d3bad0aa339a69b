import { rankTaskSchema, type RankResult, type RankTask } from '@cosmicai/payload';
import type { z } from 'zod';
import { rankResult as plainRankResult } from '../../../test/rank-results.ts';

export const SHA = 'a'.repeat(64);

/** A task with one partition of three galaxies, as the plan of a run has it. */
export function rankTask(rank: number, changes: Partial<z.input<typeof rankTaskSchema>> = {}): RankTask {
  return rankTaskSchema.parse({
    S3_BUCKET: 'galaxies',
    WORLD_SIZE: '12',
    RANK: String(rank),
    DATA_BUCKET: 'galaxies',
    DATA_PATH: `${rank + 1}.pt`,
    DATA_OBJECTS: [{ size: 100, etag: `e${rank}` }],
    RESULT_PATH: 'out',
    BATCH_SIZE: 4,
    RUN_ID: 'run',
    ...changes,
  });
}

/** What the rank of that task leaves. */
export function rankResult(rank: number, changes: Partial<RankResult> = {}): RankResult {
  return plainRankResult(rank, {
    partitions: [{ key: `${rank + 1}.pt`, size: 100, samples: 3, etag: `e${rank}`, index_range: [0, 3] }],
    predictions_file: { key: `out/runs/run/predictions/${rank}.parquet`, size: 9, etag: 'p', sha256: SHA, rows: 3 },
    ...changes,
  });
}
