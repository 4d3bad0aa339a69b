/** How a system's functions behave: everything a quote needs that is not the plan, the prices or AWS itself. */
export interface Calibration {
  /** Where the figures come from: shown with every quote made with them. */
  readonly source: string;
  /** Seconds from an invocation to the handler in a new environment, without what is downloaded. */
  readonly coldStartSeconds: number;
  /** Fetched once in a new environment: model, and code where it is shipped through the bucket. */
  readonly coldDownload: { readonly bytes: number; readonly objects: number };
  /** Samples a second of a rank at `vcpus`, median over ranks. */
  readonly samplesPerSecond: number;
  readonly vcpus: number;
  /** Standard deviation of the logarithm of a rank's rate. */
  readonly rateSpread: number;
  /** Ranks that stall once, wherever and whyever: how many, and how long. */
  readonly stragglers: { readonly probability: number; readonly seconds: number };
  /** Probability that an attempt fails and is retried. */
  readonly failureProbability: number;
  /** Whether partitions are read while the model already works on what is there. */
  readonly readsWhilePredicting: boolean;
  /** Objects a rank writes. */
  readonly objectsWritten: number;
  readonly memory: {
    /** Of a process with one session, with a copy of the model. */
    readonly baseMb: number;
    /** Of each further session; a function has one for each core it sees. */
    readonly mbPerSession: number;
    readonly mbPerBatchSample: number;
    /** Share of a partition file that lies in memory at once. */
    readonly shareOfPartition: number;
  };
  readonly initialize: { readonly coldStartSeconds: number; readonly memoryMb: number };
  readonly summarize: {
    readonly coldStartSeconds: number;
    readonly memoryMb: number;
    /** Rank results read at the same time. */
    readonly readsAtOnce: number;
  };
}

/** Lambda's own share of a cold start, fetching the package and making the environment, is taken to be as long as the process's. */
export const LAMBDA_COLD_START_FACTOR = 2;

/**
 * This system. Rates and memory were measured on two shared x86-64 cores, not on Lambda; the cold start there is a process
 * start to the first prediction (0.5-0.6 s) and doubled for Lambda's own share. Replace by `calibratedBy` as soon as there
 * is a run.
 */
export const DEFAULT_CALIBRATION: Calibration = {
  source: 'figures of this project measured on two shared x86-64 cores, not on Lambda',
  coldStartSeconds: 1.2,
  coldDownload: { bytes: 51e6, objects: 1 },
  samplesPerSecond: 350,
  vcpus: 1,
  rateSpread: 0.1,
  stragglers: { probability: 0.01, seconds: 5 },
  failureProbability: 0.001,
  readsWhilePredicting: true,
  objectsWritten: 3,
  // Measured: 275-354 MB with one session, 360-523 MB with two, whatever the batch size (docs/costs.md).
  memory: { baseMb: 350, mbPerSession: 170, mbPerBatchSample: 0, shareOfPartition: 0 },
  initialize: { coldStartSeconds: 0.8, memoryMb: 512 },
  summarize: { coldStartSeconds: 0.8, memoryMb: 1024, readsAtOnce: 32 },
};
