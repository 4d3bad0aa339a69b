import { BITS_PER_SAMPLE } from '../packages/metrics/src/index.ts';
import type { PredictionScores, RunSummary } from '../packages/payload/src/index.ts';

/** How well invented galaxies were predicted. */
export const SCORES: PredictionScores = {
  count: 200,
  excluded: 0,
  mae: 0.0123,
  mse: 0.00031,
  bias: -0.0004,
  precision: 0.0117,
  precision_error: 0,
  r2: 0.93,
  outlier_fraction_005: 0.005,
  outlier_fraction_015: 0,
};

const rates = { summed_over_ranks: 150, by_slowest_rank: 66, by_wall_clock: 40 };

/** Of a run of two ranks and 200 galaxies. */
export const summary: RunSummary = {
  run_id: 'r-1',
  status: 'SUCCEEDED',
  bucket: 'file:///data',
  result_path: 'results',
  created_at: '2026-01-01T00:00:00.000Z',
  finished_at: '2026-01-01T00:00:05.000Z',
  wall_clock_seconds: 5,
  world_size: 2,
  batch_size: 64,
  ranks: { planned: 2, succeeded: 2, without_data: 0, failed: 0, cold_starts: 2 },
  failed_ranks: [],
  samples: 200,
  bits: 200 * BITS_PER_SAMPLE,
  prediction_scores: SCORES,
  samples_per_second: rates,
  bits_per_second: rates,
  slowest_rank_seconds: 3,
  peak_rss_mb: 310,
  cost: {
    usd: 0.0002,
    region: 'us-east-1',
    prices_date: '2026-01-01',
    items: [{ item: 'inference duration', quantity: 10, unit: 'GB-second', usd: 0.0002 }],
  },
  predictions_prefix: 'results/runs/r-1/predictions/',
  model_sha256: ['ab'.repeat(32)],
  warnings: [],
};
