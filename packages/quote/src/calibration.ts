import type { Architecture } from '@cosmicai/metrics';
import { PIECES_KEPT } from '@cosmicai/payload';
import { PUBLISHED_SPREAD } from './published-system.ts';

/** How a system's functions behave: everything a quote needs that is not the plan, the prices or AWS itself. */
export interface Calibration {
  /** Where the figures come from: shown with every quote made with them. */
  readonly source: string;
  /** Seconds from an invocation to the handler in a new environment, without what is downloaded. */
  readonly coldStartSeconds: number;
  /** Fetched once in a new environment: model, and code where it is shipped through the bucket. */
  readonly coldDownload: {
    readonly bytes: number;
    readonly objects: number;
    /** Requests besides, which wait for each other with nothing: for files that may lie beside the model. */
    readonly lookups?: number;
  };
  /** Samples a second of a rank at `vcpus`, median over ranks. */
  readonly samplesPerSecond: number;
  readonly vcpus: number;
  /** Of the processors that this rate is of. */
  readonly architecture: Architecture;
  /** Standard deviation of the logarithm of a rank's rate. */
  readonly rateSpread: number;
  /** Ranks that are slow for themselves, wherever and whyever: how many, and which share of their work's time they take more. */
  readonly stragglers: { readonly probability: number; readonly slowdown: number };
  /**
   * Standard deviation of the logarithm of how long a whole run takes beside one simulated without it: days differ, and so do
   * the simulation and AWS.
   */
  readonly runSpread: number;
  /** Probability that an attempt fails and is retried. */
  readonly failureProbability: number;
  /** Whether partitions are read while the model already works on what is there. */
  readonly readsWhilePredicting: boolean;
  /** Objects a rank writes. */
  readonly objectsWritten: number;
  /**
   * Ranks that last for long keep their predictions in pieces: from how many seconds on, and how often. Such ranks look at the time,
   * too: they go on in another attempt, or give up early what can't end.
   */
  readonly predictionPieces?: { readonly fromSeconds: number; readonly everySeconds: number };
  readonly memory: {
    /** Of a process with one session, with a copy of the model. */
    readonly baseMb: number;
    /** Of each further session; a function has one for each core it sees. */
    readonly mbPerSession: number;
    readonly mbPerBatchSample: number;
    /** Share of a partition file that lies in memory at once. */
    readonly shareOfPartition: number;
  };
  readonly initialize: ControlFunction;
  readonly summarize: ControlFunction & {
    /** Ranks whose results are read at the same time. */
    readonly readsAtOnce: number;
    /** Requests for objects of each rank, one after the other. */
    readonly objectsPerRank: number;
    /** Until one of these has come. */
    readonly secondsPerObject: number;
    /** To check and merge what has come of a rank, whatever it predicted; absent: nothing that counts. */
    readonly secondsPerRank?: number;
  };
}

interface ControlFunction {
  readonly coldStartSeconds: number;
  readonly memoryMb: number;
  /** Default: that of the ranks' function. */
  readonly architecture?: Architecture;
}

/** Lambda's own share of a cold start, fetching the package and making the environment, is taken to be as long as the process's. */
export const LAMBDA_COLD_START_FACTOR = 2;

/**
 * What a rank does in a second on arm64, x86_64 = 1, where only one of them was measured. An assumption, not a measurement: a Graviton2
 * core multiplies 40 GFLOP/s in fp32 at most (two 128-bit pipes at 2.5 GHz) where the x86-64 cores here reach 100, and two thirds of the
 * time are such products. `quote --probe` on an arm64 machine settles it.
 */
export const ARM64_RATE = 0.5;

/**
 * What a model that `model quantize` wrote predicts in a second, the same model in fp32 = 1. Measured with `infer` on two hosts of one kind:
 * 1.65 (808 to 491 samples/s) and 1.39 (1.30 to 1.51) with two workers, 1.51 (1.39 to 1.69) with one, as a function of one core has
 * (docs/costs.md). A rank's own rate settles it: `quote --probe`, `--calibrate`.
 */
const INT8_RATE = 1.5;
const INT8_MEASURED = '1.39 to 1.65';

/** The same ranks with the model in 8 bits. */
export function inEightBits(calibration: Calibration): Calibration {
  return {
    ...calibration,
    samplesPerSecond: INT8_RATE * calibration.samplesPerSecond,
    source: `${calibration.source}; in 8 bits ${INT8_RATE} times as fast (measured: ${INT8_MEASURED})`,
  };
}

/** This system with a model that calculates so. @param precision undefined: nobody could look; it is taken to be the slower one */
export function defaultCalibration(precision: 'int8' | 'fp32' | undefined): Calibration {
  if (precision === 'int8') return inEightBits(DEFAULT_CALIBRATION);
  if (precision === 'fp32') return DEFAULT_CALIBRATION;
  const source = `${DEFAULT_CALIBRATION.source}; the model, which can’t be read from here, is taken to be in fp32`;
  return { ...DEFAULT_CALIBRATION, source };
}

/**
 * This system with the demo model in fp32. Rates and memory were measured on two shared x86-64 cores, not on Lambda; the cold start there is a process
 * start to the first prediction (0.5-0.6 s) and doubled for Lambda's own share. Replace by `calibratedBy` as soon as there
 * is a run.
 */
export const DEFAULT_CALIBRATION: Calibration = {
  source: 'figures of this project measured on two shared x86-64 cores, not on Lambda',
  architecture: 'x86_64',
  coldStartSeconds: 1.2,
  coldDownload: { bytes: 51e6, objects: 1 },
  samplesPerSecond: 350,
  vcpus: 1,
  rateSpread: 0.1,
  ...PUBLISHED_SPREAD,
  failureProbability: 0.001,
  readsWhilePredicting: true,
  // Result, predictions, hashes, reduction.
  objectsWritten: 4,
  predictionPieces: PIECES_KEPT,
  // Measured: 275-354 MB with one session, 360-523 MB with two, whatever the batch size (docs/costs.md).
  memory: { baseMb: 350, mbPerSession: 170, mbPerBatchSample: 0, shareOfPartition: 0 },
  // As config/default.yml deploys them. Of each rank Summarize asks for what a rank writes, of the predictions for size and etag
  // alone, and for the hashes once more. A
  // rank took 2 ms on x86_64 (docs/scale.md), and is taken to take twice as long on arm64.
  initialize: { coldStartSeconds: 0.8, memoryMb: 512, architecture: 'arm64' },
  summarize: {
    coldStartSeconds: 0.8,
    memoryMb: 2048,
    architecture: 'arm64',
    readsAtOnce: 32,
    objectsPerRank: 5,
    secondsPerObject: 0.03,
    secondsPerRank: 0.004,
  },
};
