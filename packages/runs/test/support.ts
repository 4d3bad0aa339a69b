import { rankResultSchema, rankTaskSchema, type RankResult, type RankTask } from '@cosmicai/payload';
import type { z } from 'zod';

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
  const scores = { count: 3, excluded: 0, mae: 0, mse: 0, bias: 0, precision: 0, precision_error: 0, r2: 0 };
  return rankResultSchema.parse({
    'total_cpu_time (seconds)': 1,
    'total_cpu_memory (MB)': 200,
    'execution_time (seconds/batch)': 1,
    num_batches: 1,
    batch_size: 4,
    device: 'cpu',
    throughput_bps: 1000,
    sample_persec: 3,
    result_path: 'out',
    data_path: `${rank + 1}.pt`,
    s3_total_time: 0.1,
    s3_avg_time: 0.1,
    s3_min_time: 0.1,
    s3_max_time: 0.1,
    run_id: 'run',
    rank,
    world_size: 12,
    samples: 3,
    bits: 3000,
    partitions: [{ key: `${rank + 1}.pt`, size: 100, samples: 3, etag: `e${rank}`, index_range: [0, 3] }],
    predictions_key: `out/runs/run/predictions/${rank}.parquet`,
    predictions_file: { key: `out/runs/run/predictions/${rank}.parquet`, size: 9, etag: 'p', sha256: SHA, rows: 3 },
    model_sha256: SHA,
    started_at: '2026-03-04T05:06:08.000Z',
    cold_start: true,
    timing: { model_load: 0.1, read: 0.1, inference: 1, write: 0.1, total: 2 },
    peak_rss_mb: 200,
    memory_limit_mb: 1024,
    architecture: 'x86_64',
    prediction_scores: { ...scores, outlier_fraction_005: 0, outlier_fraction_015: 0 },
    ...changes,
  });
}
