import { UserInputError } from '@cosmicai/payload';
import { architectureOf, median, type Architecture, type RankMeasurement } from '@cosmicai/metrics';
import { sessionsOn } from './aws-limits.ts';
import { LAMBDA_COLD_START_FACTOR, type Calibration } from './calibration.ts';

/** What else is known of the ranks to calibrate by. */
export interface CalibrationSource {
  /** Everything that the ranks don't tell. */
  readonly base: Calibration;
  /** For people: which ranks these are. */
  readonly source: string;
  /** vCPUs that the ranks had; default: as many as they kept busy. */
  readonly vcpus?: number;
  /** Whether they ran on Lambda; if not, in processes of one session each. */
  readonly onLambda?: boolean;
  /** Seconds from a new environment's start to its handler, of those whose start is known. */
  readonly starts?: readonly number[];
}

/** A rank that took this many times the median is a straggler, not spread. */
const STRAGGLER_FACTOR = 2;

/**
 * Takes rates, spread, stragglers, memory, architecture and cold starts from ranks that have run: a short probe on this machine, or
 * earlier runs.
 *
 * Processor time tells how many cores a rank kept busy: on a machine that others use too, its rate for each of them says
 * more than its rate by the clock. A straggler's delay counts as a share of its work: those of the published system take 3.6
 * times the time of others with partitions of 25 MB, 4.1 and 4.3 times with 100 MB.
 *
 * @throws UserInputError when no rank has samples and seconds
 */
export function calibratedBy(ranks: readonly RankMeasurement[], known: CalibrationSource): Calibration {
  return {
    ...known.base,
    source: known.source,
    vcpus: known.vcpus ?? coresBusy(ranks) ?? known.base.vcpus,
    architecture: architectureIn(ranks) ?? known.base.architecture,
    ...ratesOf(ranks, known.base),
    ...startOf(ranks, known),
    memory: memoryOf(ranks, known),
  };
}

function ratesOf(
  ranks: readonly RankMeasurement[],
  base: Calibration,
): Pick<Calibration, 'samplesPerSecond' | 'rateSpread' | 'stragglers'> {
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
    .filter(({ samples, seconds }) => seconds / samples > STRAGGLER_FACTOR * typical)
    .map(({ samples, seconds }) => seconds / samples / typical - 1);
  const logs = steady.map((each) => Math.log(each / typical));
  return {
    samplesPerSecond: 1 / typical,
    rateSpread:
      logs.length < 2 ? base.rateSpread : Math.sqrt(logs.reduce((sum, log) => sum + log * log, 0) / (logs.length - 1)),
    // Few ranks without a straggler don't prove that there are none.
    stragglers:
      delays.length === 0 && timed.length < 1 / (base.stragglers.probability || Infinity)
        ? base.stragglers
        : {
            probability: delays.length / timed.length,
            slowdown: delays.length === 0 ? 0 : delays.reduce((sum, delay) => sum + delay, 0) / delays.length,
          },
  };
}

function architectureIn(ranks: readonly RankMeasurement[]): Architecture | undefined {
  return ranks.map(({ architecture }) => architectureOf(architecture)).find((known) => known !== undefined);
}

/** Median over the ranks of processor time by time; undefined where none tells both. */
function coresBusy(ranks: readonly RankMeasurement[]): number | undefined {
  const busy = ranks.flatMap(({ process, seconds }) =>
    process !== null && process.cpuSeconds > 0 && seconds !== null && seconds > 0 ? [process.cpuSeconds / seconds] : [],
  );
  return busy.length === 0 ? undefined : median(busy);
}

/** The cold start with the model, as long as ranks tell of both; it takes the place of what was to be downloaded. */
function startOf(
  ranks: readonly RankMeasurement[],
  { starts = [], onLambda = false }: CalibrationSource,
): Partial<Pick<Calibration, 'coldStartSeconds' | 'coldDownload'>> {
  const loads = ranks.flatMap(({ process }) => process?.modelLoadSeconds ?? []);
  if (starts.length === 0 || loads.length === 0) return {};
  const seconds = median(starts) + median(loads);
  return {
    coldStartSeconds: onLambda ? seconds : LAMBDA_COLD_START_FACTOR * seconds,
    coldDownload: { bytes: 0, objects: 0 },
  };
}

/** The most that any of the ranks took, at their batch size and partitions: enough for all like them. */
function memoryOf(ranks: readonly RankMeasurement[], { base, onLambda }: CalibrationSource): Calibration['memory'] {
  const told = ranks.flatMap(({ process, memoryLimitMb }) => (process === null ? [] : [{ process, memoryLimitMb }]));
  if (told.length === 0) return base.memory;
  const { mbPerSession } = base.memory;
  const withOneSession = told.map(({ process, memoryLimitMb }) => {
    const sessions = onLambda === true && memoryLimitMb !== null ? sessionsOn(memoryLimitMb) : 1;
    return process.peakRssMb - (sessions - 1) * mbPerSession;
  });
  return {
    baseMb: withOneSession.reduce((most, mb) => Math.max(most, mb), 0),
    mbPerSession,
    mbPerBatchSample: 0,
    shareOfPartition: 0,
  };
}
