import type { LedgerScores } from '@cosmicai/metrics';
import {
  defined,
  distinctTaken,
  isWorthTelling,
  sampleBits,
  specFields,
  type Arithmetic,
  type ModelSpec,
  type RankResult,
  type RankTask,
  type StoreRequestCounts,
  type TakenColumn,
  type WrittenFile,
} from '@cosmicai/payload';
import type { DataFindings } from './quality/findings.ts';
import type { WrittenBeside } from './write-beside.ts';

export interface PartitionRead {
  readonly partition: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Version of the file, and SHA-256 of all of it where that was asked for. */
  readonly etag: string;
  readonly sha256?: string;
  readonly samples: number;
  /** Seconds of each ranged read of the file. */
  readonly readSeconds: readonly number[];
  /** Which of its columns were taken for what. */
  readonly taken?: readonly TakenColumn[];
}

export interface RankMeasurements {
  readonly predictions: WrittenFile;
  /** Undefined for tasks that belong to no run of ours. */
  readonly beside: WrittenBeside | undefined;
  readonly modelSha256: string;
  /** What the model takes of a galaxy. */
  readonly spec: ModelSpec;
  readonly arithmetic: Arithmetic | undefined;
  readonly startedAt: Date;
  readonly coldStart: boolean;
  readonly scores: LedgerScores;
  readonly findings: DataFindings;
  /** Wall-clock seconds. */
  readonly timing: {
    readonly model_load: number;
    readonly inference: number;
    readonly write: number;
    readonly total: number;
  };
  /** Processor time of the process. */
  readonly cpuSeconds: number;
  readonly storeRequests: StoreRequestCounts;
  readonly peakRssMb: number;
  readonly memoryLimitMb: number | null;
  readonly architecture: string;
}

/**
 * Composes `<rank>.json`. Rates are over the wall clock of reading and inference, never over processor time, and
 * `total_cpu_time (seconds)` is that wall clock: rate x time is what was done.
 */
export function rankResult(task: RankTask, reads: readonly PartitionRead[], measured: RankMeasurements): RankResult {
  const samples = reads.reduce((sum, read) => sum + read.samples, 0);
  const batches = reads.reduce((sum, read) => sum + Math.ceil(read.samples / task.BATCH_SIZE), 0);
  const readSeconds = reads.flatMap((read) => read.readSeconds);
  const readTotal = readSeconds.reduce((sum, seconds) => sum + seconds, 0);
  const taken = distinctTaken(reads.flatMap((read) => read.taken ?? []));
  const bits = samples * sampleBits(measured.spec);
  const [only, ...more] = task.DATA_PATH;
  const perSecond = (amount: number) => (measured.timing.inference > 0 ? amount / measured.timing.inference : 0);
  return {
    'total_cpu_time (seconds)': measured.timing.inference,
    'total_cpu_memory (MB)': measured.peakRssMb,
    'execution_time (seconds/batch)': batches > 0 ? measured.timing.inference / batches : 0,
    num_batches: batches,
    batch_size: task.BATCH_SIZE,
    device: 'cpu',
    throughput_bps: perSecond(bits),
    sample_persec: perSecond(samples),
    result_path: task.RESULT_PATH,
    data_path: only === undefined || more.length > 0 ? task.DATA_PATH : only,
    s3_total_time: readTotal,
    s3_avg_time: readSeconds.length > 0 ? readTotal / readSeconds.length : 0,
    s3_min_time: readSeconds.length > 0 ? Math.min(...readSeconds) : 0,
    s3_max_time: readSeconds.length > 0 ? Math.max(...readSeconds) : 0,
    run_id: task.RUN_ID ?? null,
    rank: task.RANK,
    world_size: task.WORLD_SIZE,
    samples,
    bits,
    partitions: reads.map(({ partition, size, samples: count, etag, sha256 }) => ({
      key: partition,
      size,
      samples: count,
      etag,
      ...(sha256 !== undefined && { sha256 }),
      index_range: [0, count],
    })),
    predictions_key: measured.predictions.key,
    predictions_file: { ...measured.predictions, rows: samples },
    ...defined({
      hashes_file: measured.beside?.hashes,
      names_file: measured.beside?.names,
      reduction_file: measured.beside?.reduction,
    }),
    model_sha256: measured.modelSha256,
    started_at: measured.startedAt.toISOString(),
    cold_start: measured.coldStart,
    timing: { ...measured.timing, read: readTotal },
    peak_rss_mb: measured.peakRssMb,
    memory_limit_mb: measured.memoryLimitMb,
    architecture: measured.architecture,
    prediction_scores: measured.scores.prediction_scores,
    cpu_seconds: measured.cpuSeconds,
    flagged: measured.scores.flagged,
    prediction_scores_unflagged: measured.scores.prediction_scores_unflagged,
    ...specFields(measured.spec),
    ...defined({
      without_truth: measured.scores.without_truth,
      redshift_histogram: measured.scores.redshift_histogram,
      without_redshift: measured.scores.without_redshift,
      class_counts: measured.scores.class_counts,
    }),
    ...(isWorthTelling(taken) && { columns_taken: taken }),
    ...(measured.findings.warnings.length > 0 && { warnings: [...measured.findings.warnings] }),
    ...(measured.findings.notChecked.length > 0 && { not_checked: [...measured.findings.notChecked] }),
    store_requests: measured.storeRequests,
    ...(measured.arithmetic && { arithmetic: measured.arithmetic }),
  };
}
