/** Accuracy of a rank's own predictions; `count` of them, where the file tells. */
export type RankScores = Readonly<
  Record<
    | 'count'
    | 'excluded'
    | 'mae'
    | 'mse'
    | 'bias'
    | 'precision'
    | 'r2'
    | 'outlier_fraction_005'
    | 'outlier_fraction_015',
    number | null
  >
>;

/** What a rank measured, read from any of the result files in use. What a file does not say is null. */
export interface RankMeasurement {
  readonly rank: number | null;
  readonly worldSize: number | null;
  readonly runId: string | null;
  readonly dataPaths: readonly string[];
  readonly resultPath: string | null;
  readonly device: string | null;
  readonly architecture: string | null;
  readonly coldStart: boolean | null;
  readonly batchSize: number | null;
  readonly batches: number | null;
  readonly samples: number | null;
  /** Image and magnitude bits. */
  readonly bits: number | null;
  /** What the file calls its total time: profiler CPU time in the published files, wall clock in ours. */
  readonly seconds: number | null;
  /** Seconds of prediction alone, where the file tells them apart from loading and reading. */
  readonly inferenceSeconds: number | null;
  readonly secondsPerBatch: number | null;
  /** Resident memory of the process, of ours and Lambda's REPORT lines the peak. */
  readonly memoryMb: number | null;
  /** Everything that a profiler saw allocated, freed or not, summed: ten times the memory in use of the published runs. */
  readonly allocatedMb: number | null;
  /** What the resident memory of the newest published runs is made of. */
  readonly memoryParts: Readonly<Record<'modelMb' | 'imagesMb' | 'librariesMb', number | null>>;
  readonly memoryLimitMb: number | null;
  /** What the rank's process counted of itself; null in the published files, whose figures are a profiler's. */
  readonly process: {
    readonly cpuSeconds: number;
    readonly peakRssMb: number;
    /** Seconds until it had the model; null where it had it already. */
    readonly modelLoadSeconds: number | null;
  } | null;
  readonly samplesPerSecond: number | null;
  readonly bitsPerSecond: number | null;
  readonly s3: {
    readonly total: number | null;
    readonly average: number | null;
    readonly min: number | null;
    readonly max: number | null;
    readonly requests: number | null;
    /** Seconds since 1970. */
    readonly firstRequestAt: number | null;
    readonly lastResponseAt: number | null;
  };
  /** Gigabytes that were done with when the file was written, where it is one of a series by one process. */
  readonly gbProcessed: number | null;
  readonly scores: RankScores;
}

export interface NormalisedRank {
  /** Whether anything was measured in it: a time, a rate or an accuracy. Payloads and settings have none of these. */
  readonly isResult: boolean;
  readonly measurement: RankMeasurement;
  /** One sentence for each field that could not be used. */
  readonly notUnderstood: readonly string[];
  /** Quantities the file does not hold but that follow from it, e.g. samples = rate x time. */
  readonly derived: readonly ('samples' | 'bits' | 'samplesPerSecond' | 'bitsPerSecond')[];
}
