import { rankResultSchema, type RankResult } from '../packages/payload/src/index.ts';

/** What a rank leaves of one partition of three galaxies, without the versions of what it read and wrote. */
export function rankResult(rank: number, changes: Partial<RankResult> = {}): RankResult {
  const scores = { count: 3, excluded: 0, mae: 0.01, mse: 0, bias: 0, precision: 0, precision_error: 0, r2: 0 };
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
    partitions: [{ key: `${rank + 1}.pt`, size: 100, samples: 3 }],
    predictions_key: `out/runs/run/predictions/${rank}.parquet`,
    model_sha256: 'a'.repeat(64),
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
