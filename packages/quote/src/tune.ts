import { costOfRun, type Architecture, type Prices } from '@cosmicai/metrics';
import { UserInputError, type RunPayload } from '@cosmicai/payload';
import { drawAttempt } from './attempt.ts';
import { DEFAULT_AWS_LIMITS, type AwsLimits } from './aws-limits.ts';
import type { Calibration } from './calibration.ts';
import type { Concurrency } from './concurrency.ts';
import { runPlanOf } from './payload-plan.ts';
import { peakMbOf, quoteRun, usageOf } from './quote.ts';
import type { Range } from './quote-schema.ts';
import { readersOf } from './reading.ts';
import { serverStartSeconds, type RunPlan } from './run-plan.ts';
import type { SimulatedRun } from './scale-out.ts';
import { summarizeRanksSeconds } from './summarize-time.ts';

/** Arithmetic of a model: as it was trained, as `model quantize` writes it, or whichever it is of which the rate was measured. */
export type Precision = 'fp32' | 'int8' | 'measured';

/** What of a run can be chosen. */
export interface TuneChoice {
  readonly worldSize: number;
  readonly memoryMb: number;
  readonly architecture: Architecture;
  readonly childType: RunPlan['childType'];
  readonly maxConcurrency: number;
  readonly precision: Precision;
}

/** A choice with what it takes: seconds and USD, the middle of the simulated runs and their 5th and 95th percentile. */
export interface TunePoint extends TuneChoice {
  /** Files of the rank that has most. */
  readonly filesPerRank: number;
  readonly seconds: Range;
  readonly costUsd: Range;
  readonly coldStarts: number;
}

export interface TuneOptions {
  readonly payload: RunPayload;
  /** Bytes of each partition file, by key. */
  readonly sizes: ReadonlyMap<string, number>;
  /** How ranks behave with each precision that may be chosen. */
  readonly calibrations: Readonly<Partial<Record<Precision, Calibration>>>;
  readonly architectures?: readonly Architecture[];
  readonly prices: Prices;
  readonly limits?: AwsLimits;
  /** Default: the account's by `limits`, and no turns are taken for it. */
  readonly concurrency?: Concurrency | undefined;
  readonly seed?: number;
  /** Play fewer runs of fewer choices: for a picture, in a fraction of a second. Default: false. */
  readonly quick?: boolean;
}

/** How much is played. */
interface Effort {
  /** Estimates that are played in full at most. */
  readonly choices: number;
  /** As much work as is played: ranks of all choices together. */
  readonly ranks: number;
  /** In the end, with the runs of each. */
  readonly rankRuns: number;
  readonly plays: number;
  readonly finalPlays: number;
}

/** In the end as often as in a quote. */
const THOROUGH: Effort = { choices: 150, ranks: 12_000, rankRuns: 100_000, plays: 9, finalPlays: 25 };
const QUICK: Effort = { choices: 30, ranks: 2_000, rankRuns: 10_000, plays: 3, finalPlays: 9 };

const MEMORIES_MB = [512, 884, 1769, 3008, 3538, 5307, 7076, 8845, 10_240];
const FILES_PER_RANK = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 96, 128, 192, 256];
const CHILD_TYPES = ['STANDARD', 'EXPRESS'] as const;
/** Parts of the payload's concurrency. */
const CONCURRENCY = [1, 0.5, 0.25];
const MOST_RANKS = 10_000;
/** A rank may fill this much of its function's memory. */
const MEMORY_FILLED = 0.8;
/** An estimate may be off by as much before a choice is left out for it. */
const SLACK = 1.1;
const EPHEMERAL_STORAGE_MB = 512;

/**
 * The choices that no other beats in both time and cost, the fastest first. All are estimated in closed form; what may lie on the
 * frontier is played as quotes are.
 *
 * @throws UserInputError when no choice can do the run
 */
export function frontierOf(asked: TuneOptions): TunePoint[] {
  const options = { ...withinAccount(asked), plans: new Map<number, RunPlan>() };
  const effort = asked.quick === true ? QUICK : THOROUGH;
  const estimated = choicesOf(options).flatMap((choice) => estimate(choice, options));
  if (estimated.length === 0)
    throw new UserInputError(
      'No choice of world size, memory and child type can do this run: its files take too long or too much memory. Split them (cosmicai split).',
    );
  const near = unbeaten(
    estimated,
    ({ seconds }) => seconds,
    ({ usd }) => usd,
    SLACK,
  )
    .sort((a, b) => a.seconds * a.usd - b.seconds * b.usd)
    .slice(0, effort.choices);
  const played = withinBudgetOfWork(near, effort).map((candidate) => play(candidate, effort.plays, options));
  const best = frontier(played);
  const ranks = best.reduce((sum, { worldSize }) => sum + worldSize, 0);
  const runs = Math.max(effort.plays, Math.min(effort.finalPlays, Math.floor(effort.rankRuns / ranks)));
  return frontier(best.map((point) => play({ choice: point }, runs, options)));
}

/** As if the payload asked for no more at once than there is: the choices are then made of what can be had. */
function withinAccount({ concurrency, ...options }: TuneOptions): TuneOptions {
  if (concurrency === undefined) return options;
  const { payload, limits = DEFAULT_AWS_LIMITS } = options;
  const { limit } = concurrency;
  const most = Math.min(payload.max_concurrency, limit);
  return {
    ...options,
    payload: { ...payload, max_concurrency: most },
    limits: { ...limits, accountConcurrency: limit },
  };
}

/** What a run must keep to: both hold for the upper end of what is expected. */
export interface TuneGoal {
  readonly deadlineSeconds?: number | undefined;
  readonly budgetUsd?: number | undefined;
}

/**
 * The cheapest point within a deadline, or the fastest within a budget; with both, the cheapest within both.
 *
 * @throws UserInputError when there is none, with the nearest one
 */
export function pickPoint(points: readonly TunePoint[], { deadlineSeconds, budgetUsd }: TuneGoal): TunePoint {
  const fits = points.filter(
    ({ seconds, costUsd }) => seconds.high <= (deadlineSeconds ?? Infinity) && costUsd.high <= (budgetUsd ?? Infinity),
  );
  const byCost = deadlineSeconds !== undefined;
  const [best] = fits.sort((a, b) =>
    byCost ? a.costUsd.median - b.costUsd.median : a.seconds.median - b.seconds.median,
  );
  if (best !== undefined) return best;
  const fastest = Math.min(...points.map(({ seconds }) => seconds.high));
  const cheapest = Math.min(...points.map(({ costUsd }) => costUsd.high));
  throw new UserInputError(
    `No choice keeps to that: the fastest may take up to ${fastest.toPrecision(3)} s, the cheapest may cost up to ${cheapest.toPrecision(3)} USD. Allow more, or split the partitions (cosmicai split).`,
  );
}

/** A payload's fields with those of a choice that belong there. What is the stage's is not in them. */
export function tunedFields(
  given: Readonly<Record<string, unknown>>,
  { worldSize, maxConcurrency }: TuneChoice,
): Record<string, unknown> {
  return { ...given, world_size: worldSize, max_concurrency: maxConcurrency };
}

function choicesOf({ payload, sizes, calibrations, architectures = ['x86_64', 'arm64'] }: TuneOptions): TuneChoice[] {
  const files = Math.min(sizes.size, payload.file_limit ?? Infinity);
  const worldSizes = new Set(
    [...FILES_PER_RANK, files].map((perRank) => Math.ceil(files / perRank)).filter((ranks) => ranks <= MOST_RANKS),
  );
  const precisions = (['fp32', 'int8', 'measured'] as const).filter(
    (precision) => calibrations[precision] !== undefined,
  );
  const choices: TuneChoice[] = [];
  for (const worldSize of worldSizes)
    for (const maxConcurrency of concurrenciesFor(worldSize, payload))
      for (const memoryMb of MEMORIES_MB)
        for (const architecture of architectures)
          for (const childType of CHILD_TYPES)
            for (const precision of precisions)
              choices.push({ worldSize, memoryMb, architecture, childType, maxConcurrency, precision });
  return choices;
}

/** All at once, and less only where that makes waves: environments that are warm again needn't start. */
function concurrenciesFor(worldSize: number, { max_concurrency: most, fmi_enabled: fmi }: RunPayload): number[] {
  const useful = CONCURRENCY.map((part) => Math.max(1, Math.floor(part * Math.min(most, worldSize))));
  return fmi ? [most] : [...new Set([most, ...useful.slice(1)])];
}

interface Estimate {
  readonly choice: TuneChoice;
  readonly plan: RunPlan;
  readonly seconds: number;
  readonly usd: number;
}

/** With the plans that were made, one for each world size: they take longest. */
type Tuning = TuneOptions & { readonly plans: Map<number, RunPlan> };

function planOf(choice: TuneChoice, { payload, sizes, plans }: Tuning): RunPlan {
  const { worldSize, maxConcurrency, memoryMb, architecture, childType } = choice;
  const functions = { memoryMb, architecture, childType, ephemeralStorageMb: EPHEMERAL_STORAGE_MB };
  const known = plans.get(worldSize) ?? runPlanOf({ ...payload, world_size: worldSize }, sizes, functions);
  plans.set(worldSize, known);
  return { ...known, ...functions, maxConcurrency };
}

/** As if all ranks were as large as the largest and none slow or failing; nothing where they can't do it. */
function estimate(choice: TuneChoice, options: Tuning): Estimate[] {
  const { limits = DEFAULT_AWS_LIMITS, prices, calibrations } = options;
  const calibration = calibrations[choice.precision];
  if (calibration === undefined) return [];
  const plan = planOf(choice, options);
  const busy = plan.ranks.filter((load) => load.files > 0);
  const readers = readersOf(plan, limits);
  if (peakMbOf(plan, calibration, limits) > MEMORY_FILLED * plan.memoryMb || busy.length === 0) return [];
  if (plan.fmi && readers < busy.length) return [];
  const largest = busy.reduce((most, load) => (load.bytes > most.bytes ? load : most));
  const steady = { ...calibration, rateSpread: 0, failureProbability: 0, stragglers: { probability: 0, slowdown: 0 } };
  const drawn = (cold: boolean, pace = 1) =>
    drawAttempt(largest, { plan, calibration: steady, limits, cold, readers, pace, random: () => 0.5 });
  const [cold, warm] = [drawn(true), drawn(false)];
  // A slow rank on a slow day must end in time, too.
  const slowest = drawn(true, (1 + calibration.stragglers.slowdown) * Math.exp(2 * calibration.runSpread));
  if (slowest.outcome !== 'succeeded') return [];
  const waves = Math.ceil(busy.length / readers);
  const mapSeconds =
    Math.min(readers, busy.length) / limits.childStartsPerSecond + cold.seconds + (waves - 1) * warm.seconds;
  const summarizeSeconds = calibration.summarize.coldStartSeconds + summarizeRanksSeconds(calibration, busy.length);
  const initializeSeconds = calibration.initialize.coldStartSeconds;
  const average = busy.reduce((sum, load) => sum + load.samples, 0) / busy.length / Math.max(1, largest.samples);
  const serverSeconds = serverStartSeconds(plan, limits);
  const run: SimulatedRun = {
    seconds: initializeSeconds + serverSeconds + mapSeconds + summarizeSeconds,
    initializeSeconds,
    serverSeconds,
    mapSeconds,
    summarizeSeconds,
    ranks: busy.map((_, rank) => ({
      rank,
      queuedAt: 0,
      startedAt: 0,
      endedAt: cold.seconds,
      cold: true,
      phases: cold.phases,
      barrier: 0,
      invocations: 1,
      throttled: 0,
      outcome: 'succeeded',
    })),
    invocations: busy.length,
    throttled: 0,
    coldStarts: readers,
    peakConcurrency: readers,
    billedSeconds: average * (readers * cold.seconds + (busy.length - readers) * warm.seconds),
    failedRanks: 0,
    gets: busy.length * cold.gets,
    puts: busy.length * cold.puts,
  };
  return [{ choice, plan, seconds: run.seconds, usd: costOfRun(usageOf(run, plan, calibration), prices).usd }];
}

/** As many of the first as can be played in some seconds. */
function withinBudgetOfWork(estimates: readonly Estimate[], effort: Effort): Estimate[] {
  let ranks = 0;
  return estimates.filter(({ plan }, place) => (ranks += plan.ranks.length) <= effort.ranks || place < 12);
}

function play({ choice }: Pick<Estimate, 'choice'>, runs: number, options: Tuning): TunePoint {
  const { worldSize, memoryMb, architecture, childType, maxConcurrency, precision } = choice;
  const calibration = options.calibrations[precision];
  if (calibration === undefined) throw new Error(`no calibration of ${precision}`);
  const plan = planOf(choice, options);
  const { prices, limits = DEFAULT_AWS_LIMITS, seed = 1 } = options;
  const { seconds, costUsd, coldStarts } = quoteRun(plan, calibration, { prices, limits, seed, runs });
  const filesPerRank = Math.max(...plan.ranks.map(({ files }) => files));
  return {
    worldSize,
    filesPerRank,
    memoryMb,
    architecture,
    childType,
    maxConcurrency,
    precision,
    seconds,
    costUsd,
    coldStarts,
  };
}

function frontier(points: readonly TunePoint[]): TunePoint[] {
  return unbeaten(
    points,
    ({ seconds }) => seconds.median,
    ({ costUsd }) => costUsd.median,
    1,
  );
}

/** Those that no other beats in both by more than a factor, the smallest by the first first. */
function unbeaten<T>(all: readonly T[], first: (each: T) => number, second: (each: T) => number, factor: number): T[] {
  let least = Infinity;
  const kept: T[] = [];
  // Beaten is what is more by the factor than another that is less by the factor in the first.
  const sorted = [...all].sort((a, b) => first(a) - first(b) || second(a) - second(b));
  let behind = 0;
  for (const each of sorted) {
    for (
      let other = sorted[behind];
      other !== undefined && first(other) * factor < first(each);
      other = sorted[++behind]
    )
      least = Math.min(least, second(other));
    if (second(each) < least * factor) kept.push(each);
  }
  if (factor > 1) return kept;
  // Equal times: only the cheapest of them, and only what is cheaper than all that is faster.
  let cheapest = Infinity;
  return kept.filter((each) => second(each) < cheapest && ((cheapest = second(each)), true));
}
