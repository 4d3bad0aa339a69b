import { itemAt } from '@cosmicai/payload';
import { costOfRun, seededRandom, type Cost, type Prices } from '@cosmicai/metrics';
import { simulateArray, type SimulatedArray } from './array-run.ts';
import { DEFAULT_AWS_LIMITS } from './aws-limits.ts';
import type { Calibration } from './calibration.ts';
import { pacesOf } from './paces.ts';
import { peakMbOf, rangeOf, sourceOf } from './quote.ts';
import type { Range } from './quote-schema.ts';
import type { RunPlan } from './run-plan.ts';
import { memoryWarnings, requestWarnings } from './warnings.ts';

/** Who starts the ranks as tasks, and what of it costs how much. */
export interface ArrayEngine {
  readonly name: 'batch' | 'kubernetes' | 'slurm';
  /** Cores of a task. */
  readonly cpus: number;
  /** MB of a task, and what a rank may take of it. */
  readonly memoryMb: number;
  readonly rankMemoryMb: number;
  /** How often a task is tried that fails. */
  readonly attempts: number;
  /** Assumed, not measured: from a task's turn until its program starts. */
  readonly startSeconds: number;
  /** USD of a core for an hour, where nodes are one's own. */
  readonly coreHourUsd?: number | undefined;
  /** Batch: spot is paid by the prices' `fargate.spot`, where they have it. */
  readonly capacity?: 'spot' | 'on-demand' | undefined;
}

/** What a run will take as an array of tasks. */
export interface ArrayQuote {
  readonly engine: ArrayEngine['name'];
  readonly ranks: number;
  readonly ranksWithData: number;
  readonly samples: number;
  readonly bytes: number;
  readonly seconds: Range;
  readonly phases: SimulatedArray['phases'];
  readonly slowestRankSeconds: Range;
  /** Tasks that run at once at most, and their cores. */
  readonly tasksAtOnce: number;
  readonly coresAtOnce: number;
  /** Of all tasks. */
  readonly coreHours: Range;
  /** S3 requests, where data and results lie there. */
  readonly requests: { readonly gets: number; readonly puts: number; readonly lists: number };
  readonly memory: { readonly peakMb: number; readonly configuredMb: number };
  /** Bill of the simulated run with the median cost; null: nothing is known of prices. */
  readonly cost: Cost | null;
  readonly costUsd: Range | null;
  readonly warnings: readonly string[];
  readonly calibration: string;
  readonly simulatedRuns: number;
}

export interface ArrayQuoteOptions {
  readonly prices: Prices;
  readonly seed?: number;
  /** Default 25. */
  readonly runs?: number;
}

/** Fargate bills a task from when its image is fetched, by the second, and at least one minute: https://aws.amazon.com/fargate/pricing/ */
const FARGATE_LEAST_SECONDS = 60;

/** AWS charges no more than what S3 and the tasks' processors and memory cost: Batch itself is free. */
export function quoteArray(
  planned: RunPlan,
  calibration: Calibration,
  engine: ArrayEngine,
  { prices, seed = 1, runs = 25 }: ArrayQuoteOptions,
): ArrayQuote {
  const plan = { ...planned, cores: engine.cpus, memoryMb: engine.rankMemoryMb, fmi: false };
  const { startSeconds, attempts } = engine;
  const simulated = pacesOf(runs, calibration.runSpread, seed).map((pace, run) =>
    simulateArray({
      plan,
      calibration,
      limits: LIMITS,
      startSeconds,
      attempts,
      pace,
      random: seededRandom(seed + run),
    }),
  );
  const bills = simulated.map((run) => billOf(run, engine, plan, prices)).filter((cost) => cost !== null);
  bills.sort((a, b) => a.usd - b.usd);
  const peakMb = peakMbOf(plan, calibration, LIMITS);
  const middle = (of: (run: SimulatedArray) => number) => rangeOf(simulated.map(of)).median;
  const withData = plan.ranks.filter((load) => load.files > 0).length;
  const tasksAtOnce = Math.min(plan.maxConcurrency, withData);
  return {
    engine: engine.name,
    ranks: plan.ranks.length,
    ranksWithData: withData,
    samples: plan.ranks.reduce((sum, load) => sum + load.samples, 0),
    bytes: plan.ranks.reduce((sum, load) => sum + load.bytes, 0),
    seconds: rangeOf(simulated.map(({ seconds }) => seconds)),
    phases: {
      initialize: middle(({ phases }) => phases.initialize),
      ranks: middle(({ phases }) => phases.ranks),
      summarize: middle(({ phases }) => phases.summarize),
    },
    slowestRankSeconds: rangeOf(simulated.map(({ slowestRankSeconds }) => slowestRankSeconds)),
    tasksAtOnce,
    coresAtOnce: tasksAtOnce * engine.cpus,
    coreHours: rangeOf(simulated.map((run) => coreHoursOf(run, engine))),
    requests: {
      gets: middle(({ gets }) => gets),
      puts: middle(({ puts }) => puts),
      lists: middle(({ lists }) => lists),
    },
    memory: { peakMb, configuredMb: engine.rankMemoryMb },
    cost: bills.length === 0 ? null : itemAt(bills, bills.length >> 1),
    costUsd: bills.length === 0 ? null : rangeOf(bills.map(({ usd }) => usd)),
    warnings: [
      ...requestWarnings(
        plan,
        LIMITS,
        middle(({ inferenceSeconds }) => inferenceSeconds),
      ),
      ...memoryWarnings(plan, peakMb, LIMITS),
      ...warningsOf(engine, prices, simulated, tasksAtOnce * engine.cpus),
    ],
    calibration:
      sourceOf(calibration, plan) +
      (startSeconds > 0 ? `; ${startSeconds} s until a task's program starts are assumed, not measured` : ''),
    simulatedRuns: runs,
  };
}

/** No scheduler ends a task after fifteen minutes or adds them a thousand in ten seconds. */
const LIMITS = {
  ...DEFAULT_AWS_LIMITS,
  timeoutSeconds: Infinity,
  largestMemoryMb: Infinity,
  accountConcurrency: Infinity,
  distributedMapConcurrency: Infinity,
};

function coreHoursOf({ taskSeconds }: SimulatedArray, { cpus }: ArrayEngine): number {
  return (cpus * taskSeconds.reduce((sum, seconds) => sum + seconds, 0)) / 3600;
}

function billOf(run: SimulatedArray, engine: ArrayEngine, plan: RunPlan, prices: Prices): Cost | null {
  const { gets, puts, lists } = run;
  if (engine.name === 'batch') {
    const billed = run.taskSeconds.reduce((sum, each) => sum + Math.max(FARGATE_LEAST_SECONDS, Math.ceil(each)), 0);
    const hours = billed / 3600;
    const { architecture } = plan;
    const fargate = { vcpuHours: engine.cpus * hours, gbHours: (engine.memoryMb / 1024) * hours, architecture };
    const spot = engine.capacity === 'spot' ? prices.fargate.spot : undefined;
    const paid = spot === undefined ? prices : { ...prices, fargate: spot };
    return costOfRun({ lambda: [], s3: { gets, puts, lists }, fargate }, paid);
  }
  if (engine.coreHourUsd === undefined) return null;
  const quantity = coreHoursOf(run, engine);
  const usd = quantity * engine.coreHourUsd;
  const item = {
    service: 'Nodes' as const,
    item: 'cores',
    quantity,
    unit: 'core-hour',
    unitPrice: engine.coreHourUsd,
    usd,
  };
  return { usd, items: [item], region: prices.region, pricesDate: prices.date };
}

function warningsOf(
  engine: ArrayEngine,
  prices: Prices,
  simulated: readonly SimulatedArray[],
  cores: number,
): string[] {
  const failing = simulated.filter(({ failedRanks }) => failedRanks > 0);
  return [
    ...(engine.name === 'batch' && engine.capacity === 'spot' && prices.fargate.spot === undefined
      ? [
          'The prices have none of Fargate spot: the bill is at the price on demand, of which spot is a part that changes. Give it as fargate.spot in a file of --prices. What spot takes away and is done again is not counted.',
        ]
      : []),
    ...(engine.name === 'batch'
      ? [`So many tasks at once need a quota of ${cores} vCPUs of Fargate; new accounts have a small one.`]
      : []),
    ...(failing.length > 0
      ? [
          `${failing.length} of ${simulated.length} simulated runs end with failed ranks, after ${engine.attempts} tries each.`,
        ]
      : []),
  ];
}
