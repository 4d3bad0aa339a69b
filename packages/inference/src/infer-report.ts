import type { LedgerScores } from '@cosmicai/metrics';
import {
  ASTROMAE,
  defined,
  distinctTaken,
  sampleBits,
  type Arithmetic,
  type ModelSpec,
  type Flagged,
  type PredictionScores,
  type RedshiftHistogram,
  type TakenColumn,
} from '@cosmicai/payload';
import type { Device } from './session-messages.ts';
import type { DataFindings } from './quality/findings.ts';

/**
 * What `infer --json` prints: upstream's names for what its single-machine script prints, then ours. The total time is the
 * wall clock over which both rates are taken, so that rate x time is what was done.
 */
export interface InferReport {
  readonly 'total cpu time (second)': number;
  readonly 'execution time per batch (second)': number;
  readonly 'cpu memory (MB)': number;
  readonly 'throughput(bps)': number;
  readonly 'batch size': number;
  readonly 'number of batches': number;
  readonly device: string;
  readonly MAE: number | null;
  readonly MSE: number | null;
  readonly Bias: number | null;
  readonly Precision: number | null;
  readonly R2: number | null;
  readonly samples: number;
  readonly sample_persec: number;
  readonly wall_clock_seconds: number;
  readonly scores: PredictionScores;
  readonly predictions: string | null;
  /** Processor time of the process. */
  readonly cpu_seconds: number;
  /** Galaxies with flags, and the accuracy over those without. */
  readonly flagged: Flagged;
  readonly scores_unflagged: PredictionScores;
  /** Of the model, where it calculates in integers. */
  readonly arithmetic: Arithmetic | null;
  readonly warnings: readonly string[];
  readonly not_checked: readonly string[];
  /** Which columns of the files were taken for what. */
  readonly columns_taken: readonly TakenColumn[];
  /** The file beside the model that says what it takes; absent where the model says it, or nobody. */
  readonly model_spec_file?: string;
  /** Galaxies that came without a true redshift, and N(z) of the predictions of all; absent where all had one. */
  readonly without_truth?: number;
  readonly redshift_histogram?: RedshiftHistogram;
  /** Galaxies whose model answers no redshift, and of classes how many are of each; absent where all have a redshift. */
  readonly without_redshift?: number;
  readonly class_counts?: Readonly<Record<string, number>>;
}

export interface InferMeasurements extends LedgerScores {
  /** What the model takes of a galaxy; default: what AstroMAE takes. */
  readonly spec?: ModelSpec;
  readonly samples: number;
  readonly batchSize: number;
  readonly batches: number;
  readonly device?: Device;
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
  readonly arithmetic: Arithmetic | undefined;
  /** File of the predictions. */
  readonly out: string | null;
  readonly findings: DataFindings;
  /** Of all files. */
  readonly taken?: readonly TakenColumn[];
  readonly specFile?: string | undefined;
}

export function inferReport(measured: InferMeasurements): InferReport {
  const { samples, wallSeconds, prediction_scores: scores } = measured;
  return {
    'total cpu time (second)': wallSeconds,
    'execution time per batch (second)': wallSeconds / Math.max(1, measured.batches),
    'cpu memory (MB)': measured.peakRssMb,
    'throughput(bps)': (samples * sampleBits(measured.spec ?? ASTROMAE)) / wallSeconds,
    'batch size': measured.batchSize,
    'number of batches': measured.batches,
    device: measured.device ?? 'cpu',
    MAE: scores.mae,
    MSE: scores.mse,
    Bias: scores.bias,
    Precision: scores.precision,
    R2: scores.r2,
    samples,
    sample_persec: samples / wallSeconds,
    wall_clock_seconds: wallSeconds,
    scores,
    predictions: measured.out,
    cpu_seconds: measured.cpuSeconds,
    flagged: measured.flagged,
    scores_unflagged: measured.prediction_scores_unflagged,
    arithmetic: measured.arithmetic ?? null,
    warnings: measured.findings.warnings,
    not_checked: measured.findings.notChecked,
    columns_taken: distinctTaken(measured.taken ?? []),
    ...defined({
      model_spec_file: measured.specFile,
      without_truth: measured.without_truth,
      redshift_histogram: measured.redshift_histogram,
      without_redshift: measured.without_redshift,
      class_counts: measured.class_counts,
    }),
  };
}
