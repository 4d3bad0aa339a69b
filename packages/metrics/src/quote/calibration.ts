import { UserInputError } from '@cosmicai/payload';
import type { RankMeasurement } from '../rank-measurement.ts';
import { median } from '../statistics.ts';

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
    readonly baseMb: number;
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
  memory: { baseMb: 220, mbPerBatchSample: 0, shareOfPartition: 0 },
  initialize: { coldStartSeconds: 0.8, memoryMb: 512 },
  summarize: { coldStartSeconds: 0.8, memoryMb: 1024, readsAtOnce: 32 },
};

/** A rank that took this many times the median is a straggler, not spread. */
const STRAGGLER_FACTOR = 2;

/**
 * Takes rates, spread and stragglers from ranks that have run: a short probe on this machine, or earlier runs.
 *
 * A straggler's delay counts as seconds, not as a factor: one that stalls while its environment comes up stalls no longer
 * when its partition is larger.
 *
 * @param base everything else
 * @param vcpus of the machine or function the ranks ran on
 * @throws UserInputError when no rank has samples and seconds
 */
export function calibratedBy(
  ranks: readonly RankMeasurement[],
  { base, vcpus, source }: { readonly base: Calibration; readonly vcpus: number; readonly source: string },
): Calibration {
  const timed = ranks.flatMap(({ samples, inferenceSeconds, seconds: total }) => {
    // Loading and reading are in the model already and must not count twice.
    const seconds = inferenceSeconds ?? total;
    return samples !== null && seconds !== null && samples > 0 && seconds > 0 ? [{ samples, seconds }] : [];
  });
  if (timed.length === 0) {
    throw new UserInputError(
      `None of the ${ranks.length} rank results to calibrate by tells both samples and seconds. Give results of a run that processed data.`,
    );
  }
  const perSample = timed.map(({ samples, seconds }) => seconds / samples);
  const typical = median(perSample);
  const steady = perSample.filter((each) => each <= STRAGGLER_FACTOR * typical);
  const delays = timed
    .filter((_, at) => perSample[at]! > STRAGGLER_FACTOR * typical)
    .map(({ samples, seconds }) => seconds - samples * typical);
  const logs = steady.map((each) => Math.log(each / typical));
  return {
    ...base,
    source,
    vcpus,
    samplesPerSecond: 1 / typical,
    rateSpread:
      logs.length < 2 ? base.rateSpread : Math.sqrt(logs.reduce((sum, log) => sum + log * log, 0) / (logs.length - 1)),
    // Few ranks without a straggler don't prove that there are none.
    stragglers:
      delays.length === 0 && timed.length < 1 / (base.stragglers.probability || Infinity)
        ? base.stragglers
        : {
            probability: delays.length / timed.length,
            seconds: delays.length === 0 ? 0 : delays.reduce((sum, delay) => sum + delay, 0) / delays.length,
          },
  };
}
