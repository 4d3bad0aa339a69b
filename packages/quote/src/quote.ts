import { itemAt, MOST_RANKS_PUBLISHED } from '@cosmicai/payload';
import {
  costOfRun,
  expressGbSeconds,
  fargateUsage,
  partitionTransfer,
  type Prices,
  quantile,
  type RunUsage,
  seededRandom,
} from '@cosmicai/metrics';
import {
  DEFAULT_AWS_LIMITS,
  DEFAULT_RETRY,
  DEFAULT_THROTTLE_RETRY,
  processorOf,
  type AwsLimits,
  type RetryPolicy,
} from './aws-limits.ts';
import { ARM64_RATE, type Calibration } from './calibration.ts';
import { pacesOf } from './paces.ts';
import { assumedConcurrency, takingTurns, type Concurrency } from './concurrency.ts';
import type { Quote, Range } from './quote-schema.ts';
import { serverOf, type RunPlan } from './run-plan.ts';
import { simulateRun, type SimulatedRun } from './scale-out.ts';
import { quoteWarnings } from './warnings.ts';

export interface QuoteOptions {
  readonly prices: Prices;
  readonly limits?: AwsLimits;
  /** Default: the account's by `limits`, and no turns are taken for it. */
  readonly concurrency?: Concurrency | undefined;
  readonly retry?: RetryPolicy;
  readonly throttleRetry?: RetryPolicy;
  readonly seed?: number;
  /** Default 25. */
  readonly runs?: number;
}

/** Step Functions charges for each state entered. Every run enters Initialize, FmiEnabled, Infer, Summarize, RunSucceeded, Done. */
const OUTER_TRANSITIONS = 6;
/** Beside what Initialize and Summarize write: the Map's own `manifest.json` and `SUCCEEDED_0.json`. */
const MAP_PUTS = 2;
/** What Summarize asks for whatever the number of ranks. */
const SUMMARIZE_GETS = 4;
/** CheckRendezvous. */
const FMI_TRANSITIONS = 1;
/** A Standard child enters its one task. */
const STANDARD_CHILD_TRANSITIONS = 1;

/** @throws nothing: what can't work is told in `warnings` */
export function quoteRun(
  planned: RunPlan,
  calibration: Calibration,
  {
    prices,
    limits: allowed = DEFAULT_AWS_LIMITS,
    concurrency,
    retry = DEFAULT_RETRY,
    throttleRetry = DEFAULT_THROTTLE_RETRY,
    seed = 1,
    runs = 25,
  }: QuoteOptions,
): Quote {
  const plan = concurrency === undefined ? planned : takingTurns(planned, concurrency.limit);
  const limits = { ...allowed, accountConcurrency: concurrency?.limit ?? allowed.accountConcurrency };
  const paces = pacesOf(runs, calibration.runSpread, seed);
  const simulated = paces.map((pace, run) =>
    simulateRun({ plan, calibration, limits, retry, throttleRetry, pace, random: seededRandom(seed + run) }),
  );
  const bills = simulated
    .map((run) => ({ run, cost: costOfRun(usageOf(run, plan, calibration), prices) }))
    .sort((a, b) => a.cost.usd - b.cost.usd);
  const typical = itemAt(bills, bills.length >> 1);
  const peakMb = peakMbOf(plan, calibration, limits);
  const middle = (of: (run: SimulatedRun) => number) => rangeOf(simulated.map(of)).median;
  return {
    ranks: plan.ranks.length,
    ranksWithData: plan.ranks.filter((load) => load.files > 0).length,
    samples: plan.ranks.reduce((sum, load) => sum + load.samples, 0),
    bytes: plan.ranks.reduce((sum, load) => sum + load.bytes, 0),
    seconds: rangeOf(simulated.map((run) => run.seconds)),
    phases: {
      // With the wait for the server, where one is started.
      initialize: middle((run) => run.initializeSeconds + run.serverSeconds),
      map: middle((run) => run.mapSeconds),
      summarize: middle((run) => run.summarizeSeconds),
    },
    slowestRankSeconds: rangeOf(simulated.map(slowestRank)),
    lambdaRequests: middle((run) => run.invocations) + 2,
    stateTransitions: transitionsOf(typical.run, plan),
    coldStarts: middle((run) => run.coldStarts),
    peakConcurrency: middle((run) => run.peakConcurrency),
    concurrency: concurrency ?? assumedConcurrency(limits),
    memory: { peakMb, configuredMb: plan.memoryMb },
    cost: typical.cost,
    costUsd: rangeOf(bills.map(({ cost }) => cost.usd)),
    warnings: quoteWarnings({ plan, simulated, peakMb, limits }),
    calibration: sourceOf(calibration, plan),
    simulatedRuns: runs,
  };
}

/** MB that a rank needs at most. */
export function peakMbOf(plan: RunPlan, { memory }: Calibration, limits: AwsLimits): number {
  const largest = plan.ranks.reduce((most, load) => Math.max(most, load.bytes / Math.max(1, load.files)), 0);
  return (
    memory.baseMb +
    memory.mbPerSession * (processorOf(plan, limits).sessions - 1) +
    memory.mbPerBatchSample * plan.batchSize +
    (memory.shareOfPartition * largest) / 2 ** 20
  );
}

export function sourceOf({ source, architecture }: Calibration, plan: RunPlan): string {
  if (plan.architecture === architecture) return source;
  return `${source}; ${plan.architecture} not measured, a core of arm64 taken to do ${ARM64_RATE} of one of x86_64`;
}

/** What a simulated run uses of everything that is paid for. */
export function usageOf(run: SimulatedRun, plan: RunPlan, calibration: Calibration): RunUsage {
  const { architecture, memoryMb, ephemeralStorageMb, provisionedConcurrency = 0 } = plan;
  const server = serverOf(plan);
  const files = plan.ranks.reduce((sum, load) => sum + load.files, 0);
  const children = run.ranks.length;
  const lists = Math.ceil(Math.max(1, files) / 1000) + Math.ceil(Math.max(1, children) / 1000);
  const control = { ephemeralStorageMb: 512, requests: 1 };
  const { initialize, summarize } = calibration;
  const whole = children - run.failedRanks;
  return {
    lambda: [
      {
        name: 'init',
        architecture: initialize.architecture ?? architecture,
        ...control,
        memoryMb: initialize.memoryMb,
        // CheckRendezvous waits for the server.
        billedSeconds: run.initializeSeconds + run.serverSeconds,
      },
      {
        name: 'inference',
        architecture,
        memoryMb,
        ephemeralStorageMb,
        requests: run.invocations,
        billedSeconds: run.billedSeconds,
        // Beyond what is kept ready, others run at the price of others.
        provisioned: run.peakConcurrency <= provisionedConcurrency,
      },
      {
        name: 'summarize',
        architecture: summarize.architecture ?? architecture,
        ...control,
        memoryMb: summarize.memoryMb,
        billedSeconds: run.summarizeSeconds,
      },
    ],
    stepFunctions: {
      standardTransitions: transitionsOf(run, plan),
      ...(plan.childType === 'EXPRESS'
        ? {
            expressRequests: children,
            expressGbSeconds: expressGbSeconds(run.ranks.map((rank) => rank.endedAt - rank.queuedAt)),
          }
        : {}),
    },
    s3: {
      // Plan, items and record, then combined data and summary twice, the ranks' reductions as one, the proof and the lease, and each rank's
      // result where it is published; the Map's two lists of what became of its children.
      puts: 10 + MAP_PUTS + run.puts + (children > MOST_RANKS_PUBLISHED ? 0 : whole),
      lists,
      // The Map's reader asks for the items, each attempt for its task and for a result that is there already (HEAD costs as much), Summarize
      // for manifest, record and their like, for what the ranks wrote, and for the combined data again.
      gets:
        1 +
        SUMMARIZE_GETS +
        2 * run.invocations +
        run.gets +
        run.coldStarts * requestsOfStart(calibration) +
        whole * summarize.objectsPerRank,
    },
    ...(server && {
      fargate: fargateUsage(server, run.seconds - (server.idleMinutes === undefined ? 0 : run.initializeSeconds)),
    }),
    ...(provisionedConcurrency > 0 && {
      provisionedConcurrency: { architecture, memoryMb, environments: provisionedConcurrency, seconds: run.seconds },
    }),
    ...(plan.dataElsewhere !== true && {
      dataTransfer: partitionTransfer(plan.ranks.reduce((sum, load) => sum + load.bytes, 0)),
    }),
  };
}

/** For the model, when a rank's process starts. */
export function requestsOfStart({ coldDownload: { objects, lookups = 0 } }: Calibration): number {
  return objects + lookups;
}

function transitionsOf(run: SimulatedRun, plan: RunPlan): number {
  const outer = OUTER_TRANSITIONS + (plan.fmi ? FMI_TRANSITIONS : 0);
  if (plan.childType === 'EXPRESS') return outer;
  const retries = run.invocations + run.throttled - run.ranks.length;
  return outer + STANDARD_CHILD_TRANSITIONS * run.ranks.length + Math.max(0, retries);
}

function slowestRank(run: SimulatedRun): number {
  return run.ranks.reduce((slowest, rank) => Math.max(slowest, rank.endedAt - rank.startedAt), 0);
}

export function rangeOf(values: readonly number[]): Range {
  return { median: quantile(values, 0.5), low: quantile(values, 0.05), high: quantile(values, 0.95) };
}
