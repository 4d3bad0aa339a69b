import { analyseBench, type BenchRun } from '@cosmicai/bench';
import { BITS_PER_SAMPLE, pricesOf } from '@cosmicai/metrics';
import type { RankResult } from '@cosmicai/payload';
import { processTotal } from '../../../test/published-results.ts';
import { SCORES, summary } from '../../../test/run-summary.ts';
import { assembleRunReport } from '../src/index.ts';

/** Result files of every generation, with invented figures in the shapes that are in use. */
export interface Generation {
  readonly name: string;
  readonly value: unknown;
}

const published = (file: number) => ({
  'total_cpu_time (seconds)': 20 + file / 8,
  'total_cpu_memory (MB)': 70_000 + file,
  'execution_time (seconds/batch)': 2 + file / 80,
  num_batches: 10,
  batch_size: 512,
  device: 'cpu',
  throughput_bps: (5000 * BITS_PER_SAMPLE) / (20 + file / 8),
  sample_persec: 5000 / (20 + file / 8),
  result_path: 'old/1',
  data_path: `100MB/${file}.pt`,
});

const newest = (file: number) => ({
  ...published(file),
  'total_process_memory (MB)': 6900 + file,
  'library_overhead_memory (MB)': 6800,
  'total_image_memory (MB)': 20,
  'total_model_memory (MB)': 80,
  s3_num_requests: 3,
  s3_total_time: 1.5,
  s3_avg_time: 0.5,
  s3_min_time: 0.4,
  s3_max_time: 0.6,
  s3_first_request_time: 1_700_000_000.5,
  s3_last_response_time: 1_700_000_002.5,
});

const singleMachine = {
  'total cpu time (second)': 8,
  'execution time per batch (second)': 0.8,
  'cpu memory (MB)': 24_000,
  'throughput(bps)': 160 * BITS_PER_SAMPLE,
  'batch size': 128,
  'number of batches': 10,
  device: 'cpu',
  MAE: 0.0125,
  MSE: 0.0003,
  Bias: 0.002,
  Precision: 0.0113,
  R2: 0.97,
};

export const rank = (number: number): RankResult => ({
  'total_cpu_time (seconds)': 1.5,
  'total_cpu_memory (MB)': 310,
  'execution_time (seconds/batch)': 0.75,
  num_batches: 2,
  batch_size: 64,
  device: 'cpu',
  throughput_bps: (100 * BITS_PER_SAMPLE) / 1.5,
  sample_persec: 100 / 1.5,
  result_path: 'results',
  data_path: `${number + 1}.pt`,
  s3_total_time: 0.5,
  s3_avg_time: 0.25,
  s3_min_time: 0.2,
  s3_max_time: 0.3,
  run_id: 'r-1',
  rank: number,
  world_size: 2,
  samples: 100,
  bits: 100 * BITS_PER_SAMPLE,
  partitions: [{ key: `${number + 1}.pt`, size: 2_100_000, samples: 100 }],
  predictions_key: `results/runs/r-1/predictions/${number}.parquet`,
  model_sha256: 'ab'.repeat(32),
  started_at: '2026-01-01T00:00:03.000Z',
  cold_start: true,
  timing: { model_load: 0.3, read: 0.5, inference: 1.5, write: 0.1, total: 2 + number },
  peak_rss_mb: 310,
  memory_limit_mb: 2048,
  architecture: 'x86_64',
  prediction_scores: { ...SCORES, count: 100 },
  cpu_seconds: 2.2,
});

const inferred = {
  'total cpu time (second)': 0.5,
  'execution time per batch (second)': 0.25,
  'cpu memory (MB)': 410,
  'throughput(bps)': 200 * BITS_PER_SAMPLE,
  'batch size': 64,
  'number of batches': 2,
  device: 'cpu',
  MAE: SCORES.mae,
  MSE: SCORES.mse,
  Bias: SCORES.bias,
  Precision: SCORES.precision,
  R2: SCORES.r2,
  samples: 100,
  sample_persec: 200,
  wall_clock_seconds: 0.5,
  scores: { ...SCORES, count: 100 },
  predictions: null,
  cpu_seconds: 0.7,
};

const sweepRun = (world: number, repeat: number): BenchRun => ({
  world_size: world,
  batch_size: 64,
  data_size: 'small',
  partition_size: null,
  repeat,
  start: repeat === 1 ? 'cold' : 'warm',
  status: 'SUCCEEDED',
  samples: 200,
  duration_seconds: 4 / world + repeat / 10,
  slowest_rank_seconds: 3 / world,
  memory_mb: 310,
  cost_usd: 0.0002,
  throughput_rps: 50 * world,
  throughput_bps: 50 * world * BITS_PER_SAMPLE,
  run_id: `r-${world}-${repeat}`,
  error: null,
});
const sweepRuns = [1, 2].flatMap((world) => [1, 2, 3].map((repeat) => sweepRun(world, repeat)));

const report = assembleRunReport({
  title: 'A run',
  generatedAt: '2026-01-01T00:00:06.000Z',
  results: [rank(0), rank(1)],
  prices: pricesOf(),
});

export const GENERATIONS: readonly Generation[] = [
  { name: 'published', value: [1, 10, 2].map(published) },
  { name: 'newest published', value: [1, 10, 2].map(newest) },
  { name: 'one rank of the published', value: published(7) },
  { name: 'ranks by number', value: { 0: published(1), 1: published(2) } },
  { name: 'totals of one process', value: [1, 2, 3].map(processTotal) },
  { name: 'single machine', value: singleMachine },
  { name: 'accuracy alone', value: { MAE: 0.0125, MSE: 0.0003, Bias: 0.002, Precision: 0.0113, R2: 0.97 } },
  { name: 'rank', value: rank(0) },
  { name: 'combined', value: [rank(0), rank(1)] },
  { name: 'summary', value: summary },
  { name: 'run --json', value: { status: 'SUCCEEDED', directory: '/tmp/e', summary, ranks: report.ranks } },
  { name: 'infer --json', value: inferred },
  { name: 'bench --json', value: analyseBench(sweepRuns, 1) },
  {
    name: 'bench.json',
    value: {
      title: 'Sweep',
      generatedAt: '2026-01-01T00:00:06.000Z',
      runs: sweepRuns,
      configuration: { target: 'local' },
      versions: {},
      warnings: [],
      seed: 1,
    },
  },
  { name: 'report --json', value: report },
];
