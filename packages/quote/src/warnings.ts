import { median } from '@cosmicai/metrics';
import { processorOf, type AwsLimits } from './aws-limits.ts';
import { readersOf, readingOf } from './reading.ts';
import type { RunPlan } from './run-plan.ts';
import type { SimulatedRank, SimulatedRun } from './scale-out.ts';

/** From this share of a limit on there is a warning. */
const NEAR = 0.8;

interface Findings {
  readonly plan: RunPlan;
  readonly simulated: readonly SimulatedRun[];
  readonly peakMb: number;
  readonly limits: AwsLimits;
}

/** What stands against a run as planned, each with what to do. */
export function quoteWarnings(findings: Findings): string[] {
  const { plan, limits, simulated, peakMb } = findings;
  const inference = median(simulated.flatMap((run) => run.ranks.map(({ phases }) => phases.inference)));
  return [
    concurrency(findings),
    duration(findings),
    requestWarnings(plan, limits, inference),
    memoryWarnings(plan, peakMb, limits),
    outcome(findings),
  ].flat();
}

function concurrency({ plan, limits, simulated }: Findings): string[] {
  const busy = plan.ranks.filter((load) => load.files > 0).length;
  const atOnce = Math.min(plan.maxConcurrency, limits.accountConcurrency, limits.distributedMapConcurrency);
  const warnings: string[] = [];
  if (plan.fmi && busy > atOnce) {
    warnings.push(
      `${busy} ranks must run at once to synchronise, but at most ${atOnce} can: the run would never pass its first barrier. Use fewer ranks, or raise max_concurrency and Lambda's concurrency quota.`,
    );
  } else if (busy > atOnce) {
    warnings.push(
      `${busy} ranks for ${atOnce} at once: the run goes in about ${Math.ceil(busy / atOnce)} waves. Raise max_concurrency and Lambda's concurrency quota (${limits.accountConcurrency} here) if it should be one.`,
    );
  }
  if (plan.maxConcurrency > limits.accountConcurrency && busy > limits.accountConcurrency) {
    warnings.push(
      `max_concurrency ${plan.maxConcurrency} is above Lambda's concurrency quota of ${limits.accountConcurrency}: ranks will be throttled and retried.`,
    );
  }
  const throttled = Math.max(0, ...simulated.map((run) => run.throttled));
  if (throttled > 0) {
    warnings.push(
      `Up to ${throttled} invocations are throttled, because Lambda adds at most ${limits.scaleOutPerTenSeconds} environments in ten seconds; they are retried with back-off.`,
    );
  }
  return warnings;
}

function duration({ plan, simulated, limits }: Findings): string[] {
  const slowest = Math.max(
    0,
    ...simulated.map((run) => run.ranks.reduce((most, rank) => Math.max(most, secondsNeeded(rank)), 0)),
  );
  const warnings: string[] = [];
  const told = (limit: number, what: string, remedy: string) => {
    if (slowest > NEAR * limit) {
      warnings.push(
        `The slowest rank takes up to ${Math.round(slowest)} s and ${what} ends after ${limit} s. ${remedy}`,
      );
    }
  };
  if (plan.childType === 'STANDARD')
    told(limits.timeoutSeconds, 'a Lambda function', 'Use more ranks or smaller partitions.');
  else
    told(
      limits.expressSeconds,
      'an Express child execution',
      'Use more ranks, smaller partitions, or STANDARD children.',
    );
  return warnings;
}

/** What was cut off, too. */
function secondsNeeded({ startedAt, endedAt, phases }: SimulatedRank): number {
  const { coldStart, modelLoad, read, inference, write } = phases;
  return Math.max(endedAt - startedAt, coldStart + modelLoad + read + inference + write);
}

/** A prefix that answers more slowly than its ranks predict. @param inference seconds that a rank predicts */
export function requestWarnings(plan: RunPlan, limits: AwsLimits, inference: number): string[] {
  const [load] = [...plan.ranks].sort((a, b) => b.bytes - a.bytes);
  const readers = readersOf(plan, limits);
  if (load === undefined || load.files === 0) return [];
  const { gets } = readingOf(load, { limits, vcpus: processorOf(plan, limits).vcpus, readers });
  const seconds = (gets * readers) / limits.s3GetsPerSecond;
  if (!(seconds > NEAR * inference)) return [];
  return [
    `${readers} ranks that read at once ask for ${gets} pieces each, which takes ${Math.round(seconds)} s at the ${limits.s3GetsPerSecond} requests a second that S3 answers below one prefix. Lower max_concurrency, or give ranks fewer processors (functions: less memory): they wait for S3.`,
  ];
}

export function memoryWarnings(plan: RunPlan, peakMb: number, limits: AwsLimits): string[] {
  if (plan.memoryMb > limits.largestMemoryMb) {
    return [`${plan.memoryMb} MB is more than Lambda gives a function (${limits.largestMemoryMb} MB).`];
  }
  if (peakMb <= NEAR * plan.memoryMb) return [];
  return [
    `A rank needs about ${Math.round(peakMb)} MB of its ${plan.memoryMb} MB. Give it more, or use smaller partitions or batches.`,
  ];
}

function outcome({ simulated }: Findings): string[] {
  const failing = simulated.filter((run) => run.failedRanks > 0);
  if (failing.length === 0) return [];
  const most = Math.max(...failing.map((run) => run.failedRanks));
  return [
    `${failing.length} of ${simulated.length} simulated runs end with failed ranks (up to ${most}). See the other warnings, or set tolerated_failure_percentage.`,
  ];
}
