import { itemAt, MOST_RANKS_PUBLISHED } from '@cosmicai/payload';
import {
  costOfRun,
  DEFAULT_RENDEZVOUS_SIZE,
  expressGbSeconds,
  fargateUsage,
  partitionTransfer,
  type Prices,
  quantile,
  type RunUsage,
  seededRandom,
} from '@cosmicai/metrics';
import { piecesOf } from '@cosmicai/store';
import {
  DEFAULT_AWS_LIMITS,
  DEFAULT_RETRY,
  DEFAULT_THROTTLE_RETRY,
  lambdaCores,
  type AwsLimits,
  type RetryPolicy,
} from './aws-limits.ts';
import type { Calibration } from './calibration.ts';
import type { Quote, Range } from './quote-schema.ts';
import type { RunPlan } from './run-plan.ts';
import { simulateRun, type SimulatedRun } from './scale-out.ts';
import { quoteWarnings } from './warnings.ts';

export interface QuoteOptions {
  readonly prices: Prices;
  readonly limits?: AwsLimits;
  readonly retry?: RetryPolicy;
  readonly throttleRetry?: RetryPolicy;
  readonly seed?: number;
  /** Default 25. */
  readonly runs?: number;
}

/** Step Functions charges for each state entered. Every run enters Initialize, FmiEnabled, Infer, Summarize, RunSucceeded, Done. */
const OUTER_TRANSITIONS = 6;
/** CheckRendezvous. */
const FMI_TRANSITIONS = 1;
/** A Standard child enters its one task. */
const STANDARD_CHILD_TRANSITIONS = 1;

/** @throws nothing: what can't work is told in `warnings` */
export function quoteRun(
  plan: RunPlan,
  calibration: Calibration,
  {
    prices,
    limits = DEFAULT_AWS_LIMITS,
    retry = DEFAULT_RETRY,
    throttleRetry = DEFAULT_THROTTLE_RETRY,
    seed = 1,
    runs = 25,
  }: QuoteOptions,
): Quote {
  const simulated = Array.from({ length: runs }, (_, run) =>
    simulateRun({ plan, calibration, limits, retry, throttleRetry, random: seededRandom(seed + run) }),
  );
  const bills = simulated
    .map((run) => ({ run, cost: costOfRun(usageOf(run, plan, calibration), prices) }))
    .sort((a, b) => a.cost.usd - b.cost.usd);
  const typical = itemAt(bills, bills.length >> 1);
  const largest = plan.ranks.reduce((most, load) => Math.max(most, load.bytes / Math.max(1, load.files)), 0);
  const peakMb =
    calibration.memory.baseMb +
    calibration.memory.mbPerSession * (lambdaCores(plan.memoryMb) - 1) +
    calibration.memory.mbPerBatchSample * plan.batchSize +
    (calibration.memory.shareOfPartition * largest) / 2 ** 20;
  const middle = (of: (run: SimulatedRun) => number) => range(simulated.map(of)).median;
  return {
    ranks: plan.ranks.length,
    ranksWithData: plan.ranks.filter((load) => load.files > 0).length,
    samples: plan.ranks.reduce((sum, load) => sum + load.samples, 0),
    bytes: plan.ranks.reduce((sum, load) => sum + load.bytes, 0),
    seconds: range(simulated.map((run) => run.seconds)),
    phases: {
      initialize: middle((run) => run.initializeSeconds),
      map: middle((run) => run.mapSeconds),
      summarize: middle((run) => run.summarizeSeconds),
    },
    slowestRankSeconds: range(simulated.map(slowestRank)),
    lambdaRequests: middle((run) => run.invocations) + 2,
    stateTransitions: transitionsOf(typical.run, plan),
    coldStarts: middle((run) => run.coldStarts),
    peakConcurrency: middle((run) => run.peakConcurrency),
    memory: { peakMb, configuredMb: plan.memoryMb },
    cost: typical.cost,
    costUsd: range(bills.map(({ cost }) => cost.usd)),
    warnings: quoteWarnings({ plan, simulated, peakMb, limits }),
    calibration: calibration.source,
    simulatedRuns: runs,
  };
}

/** What a simulated run uses of everything that is paid for. */
export function usageOf(run: SimulatedRun, plan: RunPlan, calibration: Calibration): RunUsage {
  const { architecture, memoryMb, ephemeralStorageMb, provisionedConcurrency = 0 } = plan;
  const rendezvous = plan.rendezvous === undefined ? DEFAULT_RENDEZVOUS_SIZE : plan.rendezvous;
  const files = plan.ranks.reduce((sum, load) => sum + load.files, 0);
  const children = run.ranks.length;
  const lists = Math.ceil(Math.max(1, files) / 1000) + Math.ceil(Math.max(1, children) / 1000);
  const control = { architecture, ephemeralStorageMb: 512, requests: 1 };
  return {
    lambda: [
      { name: 'init', ...control, memoryMb: calibration.initialize.memoryMb, billedSeconds: run.initializeSeconds },
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
      { name: 'summarize', ...control, memoryMb: calibration.summarize.memoryMb, billedSeconds: run.summarizeSeconds },
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
      // Plan and record, then combined data and summary twice, the proof and the lease, and each rank's result where it is published.
      puts: 8 + run.invocations * calibration.objectsWritten + (children > MOST_RANKS_PUBLISHED ? 0 : children),
      lists,
      gets: 1 + partitionGets(plan) + run.coldStarts * calibration.coldDownload.objects + children,
    },
    ...(plan.fmi && rendezvous !== null && { fargate: fargateUsage(rendezvous, run.seconds) }),
    ...(provisionedConcurrency > 0 && {
      provisionedConcurrency: { architecture, memoryMb, environments: provisionedConcurrency, seconds: run.seconds },
    }),
    ...(plan.dataElsewhere !== true && {
      dataTransfer: partitionTransfer(plan.ranks.reduce((sum, load) => sum + load.bytes, 0)),
    }),
  };
}

/** Ranks read their files in pieces, whatever the batch size. */
function partitionGets(plan: RunPlan): number {
  return plan.ranks.reduce((sum, { files, bytes }) => sum + (files === 0 ? 0 : files * piecesOf(bytes / files)), 0);
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

function range(values: readonly number[]): Range {
  return { median: quantile(values, 0.5), low: quantile(values, 0.05), high: quantile(values, 0.95) };
}
