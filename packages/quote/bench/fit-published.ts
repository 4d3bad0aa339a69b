import { median, quantile, seededRandom } from '@cosmicai/metrics';
import { DEFAULT_AWS_LIMITS, DEFAULT_RETRY, DEFAULT_THROTTLE_RETRY, simulateRun } from '../src/index.ts';
import { pacesOf } from '../src/paces.ts';
import { publishedPlan, type PublishedRuns } from '../test/support/published-runs.ts';

/** What is fitted: the three figures of the published system of which nothing but its durations tells. */
export interface Fit {
  readonly slowdown: number;
  readonly secondsPerObject: number;
  readonly runSpread: number;
}

/** One recorded run. */
export interface Recorded {
  /** Index of its configuration. */
  readonly configuration: number;
  readonly seconds: number;
}

export interface Range {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

const SLOWDOWNS = [0.4, 0.55, 0.7, 0.85, 1, 1.2, 1.4];
const SECONDS_PER_OBJECT = [0.03, 0.04, 0.05, 0.06, 0.07, 0.08];
const RUNS = 25;

/** Durations of the configurations by each slowdown, without a run's own pace. */
export class PublishedFit {
  readonly runs: readonly Recorded[];
  readonly #configurations: readonly PublishedRuns[];
  readonly #simulated = new Map<number, readonly (readonly number[])[]>();

  constructor(configurations: readonly PublishedRuns[]) {
    this.#configurations = configurations;
    this.runs = configurations.flatMap(({ recorded }, configuration) =>
      recorded.map((seconds) => ({ configuration, seconds })),
    );
  }

  /** The figures that leave the least squares of logarithms; the spread is what is left, with as many degrees of freedom as configurations. */
  fit(runs: readonly Recorded[]): Fit {
    const tries = SLOWDOWNS.flatMap((slowdown) =>
      SECONDS_PER_OBJECT.map((secondsPerObject) => ({
        slowdown,
        secondsPerObject,
        squares: this.#squares(runs, slowdown, secondsPerObject),
      })),
    );
    const best = tries.reduce((least, each) => (each.squares < least.squares ? each : least));
    const configurations = new Set(runs.map(({ configuration }) => configuration)).size;
    const { slowdown, secondsPerObject, squares } = best;
    const freedom = configurations / Math.max(1, configurations - 2);
    return { slowdown, secondsPerObject, runSpread: Math.sqrt((squares / runs.length) * freedom) };
  }

  /** What would have been quoted for each configuration. */
  ranges({ slowdown, secondsPerObject, runSpread }: Fit): Range[] {
    const paces = pacesOf(RUNS, runSpread, 1);
    return this.#durations(slowdown, secondsPerObject).map((seconds) => {
      const drawn = seconds.map((each, run) => each * (paces[run] ?? 1));
      return { low: quantile(drawn, 0.05), median: median(drawn), high: quantile(drawn, 0.95) };
    });
  }

  #squares(runs: readonly Recorded[], slowdown: number, secondsPerObject: number): number {
    const expected = this.#durations(slowdown, secondsPerObject).map(median);
    return runs.reduce((sum, { configuration, seconds }) => {
      const log = Math.log(seconds / (expected[configuration] ?? NaN));
      return sum + log * log;
    }, 0);
  }

  #durations(slowdown: number, secondsPerObject: number): number[][] {
    let known = this.#simulated.get(slowdown);
    if (known === undefined)
      this.#simulated.set(slowdown, (known = this.#configurations.map((each) => simulate(each, slowdown))));
    return known.map((seconds, configuration) =>
      seconds.map((each) => each + (this.#configurations[configuration]?.ranks ?? 0) * secondsPerObject),
    );
  }
}

/** Seconds of runs in which reading the ranks' results takes none. */
function simulate(published: PublishedRuns, slowdown: number): number[] {
  const { plan, calibration } = publishedPlan(published);
  const { stragglers, summarize } = calibration;
  return Array.from(
    { length: RUNS },
    (_, run) =>
      simulateRun({
        plan,
        calibration: {
          ...calibration,
          stragglers: { ...stragglers, slowdown },
          summarize: { ...summarize, secondsPerObject: 0 },
        },
        limits: DEFAULT_AWS_LIMITS,
        retry: DEFAULT_RETRY,
        throttleRetry: DEFAULT_THROTTLE_RETRY,
        random: seededRandom(run + 1),
      }).seconds,
  );
}
