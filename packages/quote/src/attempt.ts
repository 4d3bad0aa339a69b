import { standardNormal, type Random } from '@cosmicai/metrics';
import { ATTEMPT_TIME } from '@cosmicai/payload';
import { DEFAULT_RETRY, processorOf, type AwsLimits } from './aws-limits.ts';
import { ARM64_RATE, type Calibration } from './calibration.ts';
import { readingOf, type Reading } from './reading.ts';
import type { RankLoad, RunPlan } from './run-plan.ts';

/** Seconds of one invocation of a rank, phase by phase in this order. */
export interface Phases {
  readonly coldStart: number;
  readonly modelLoad: number;
  /** Reading that nothing overlaps. */
  readonly read: number;
  readonly inference: number;
  readonly write: number;
}

export interface Attempt {
  readonly phases: Phases;
  readonly seconds: number;
  /** Only what failed is tried again: what takes too long would do so again. */
  readonly outcome: 'succeeded' | 'failed' | 'timed out' | 'given up';
  /** More than one where a rank left off before its time ended and went on from what it had. */
  readonly invocations: number;
  /** S3 requests for partitions. */
  readonly gets: number;
  readonly puts: number;
}

export interface AttemptConditions {
  readonly plan: RunPlan;
  readonly calibration: Calibration;
  readonly limits: AwsLimits;
  readonly cold: boolean;
  /** Ranks that read below the same prefix at the same time. */
  readonly readers: number;
  /** How long everything of this run takes, 1: as long as expected. */
  readonly pace: number;
  readonly random: Random;
}

/** Draws how one invocation goes. */
export function drawAttempt(load: RankLoad, conditions: AttemptConditions): Attempt {
  const { plan, calibration, limits, readers, random } = conditions;
  const rate = rateOf(conditions) * Math.exp(calibration.rateSpread * standardNormal(random));
  const slow = random() < calibration.stragglers.probability ? 1 + calibration.stragglers.slowdown : 1;
  const fails = random() < calibration.failureProbability;
  const failsAt = random();
  const reading = readingOf(load, { limits, vcpus: processorOf(plan, limits).vcpus, readers });
  const phases = phasesOf(reading, (load.samples / rate) * slow, conditions);
  const handler = phases.modelLoad + phases.read + phases.inference + phases.write;
  const pieces = piecesKept(phases.inference, calibration);
  const { share, outcome, invocations } = fails
    ? { share: failsAt, outcome: 'failed' as const, invocations: 1 }
    : ending(handler, conditions);
  return {
    phases,
    seconds: phases.coldStart + handler * share,
    outcome,
    invocations,
    gets: Math.ceil(reading.gets * share),
    puts: Math.floor(pieces * share) + (outcome === 'succeeded' ? calibration.objectsWritten : 0),
  };
}

/** How a rank that needs so many seconds ends, and after which share of them; beyond 1: it did something twice. */
function ending(needed: number, { plan, calibration, limits }: AttemptConditions) {
  const endsEarly = calibration.predictionPieces !== undefined;
  const express = plan.childType === 'EXPRESS';
  // Lambda's time-out counts from the handler's start, not the cold start. Ranks that look at the time know of Express's, too.
  const limit = endsEarly && express ? Math.min(limits.timeoutSeconds, limits.expressSeconds) : limits.timeoutSeconds;
  if (needed <= limit) return { share: 1, outcome: 'succeeded', invocations: 1 } as const;
  if (!endsEarly) return { share: limit / needed, outcome: 'timed out', invocations: 1 } as const;
  const later = express ? 0 : DEFAULT_RETRY.maxAttempts;
  const more = Math.ceil(
    (needed - limit * (1 - ATTEMPT_TIME.keptForWriting)) / (limit * (1 - ATTEMPT_TIME.startingAgain)),
  );
  return more > later
    ? ({ share: (limit * ATTEMPT_TIME.judgedAt) / needed, outcome: 'given up', invocations: 1 } as const)
    : ({
        share: 1 + (more * limit * ATTEMPT_TIME.startingAgain) / needed,
        outcome: 'succeeded',
        invocations: 1 + more,
      } as const);
}

function phasesOf(reading: Reading, predicting: number, conditions: AttemptConditions): Phases {
  const { plan, calibration, limits, cold, pace } = conditions;
  const { coldDownload, readsWhilePredicting: overlap } = calibration;
  const requests = (objects: number) => objects * limits.s3RequestSeconds;
  const bytesPerSecond = limits.s3BytesPerSecond * Math.min(1, processorOf(plan, limits).vcpus);
  const { untilFirst, rest, lastShare } = reading;
  return {
    coldStart: cold ? pace * calibration.coldStartSeconds : 0,
    modelLoad: cold ? pace * (requests(coldDownload.objects) + coldDownload.bytes / bytesPerSecond) : 0,
    read: pace * (untilFirst + (overlap ? 0 : rest)),
    // What is read last is predicted after all else.
    inference: pace * (overlap ? Math.max(predicting, rest + lastShare * predicting) : predicting),
    write: pace * requests(calibration.objectsWritten),
  };
}

/** Galaxies a second that a rank is expected to predict. Cores beyond its sessions don't help it. */
function rateOf({ plan, calibration, limits }: AttemptConditions): number {
  const { vcpus, sessions } = processorOf(plan, limits);
  const cores = Math.min(vcpus, sessions);
  return (calibration.samplesPerSecond / calibration.vcpus) * cores * architectureFactor(plan, calibration);
}

function architectureFactor({ architecture }: RunPlan, calibration: Calibration): number {
  if (architecture === calibration.architecture) return 1;
  return architecture === 'arm64' ? ARM64_RATE : 1 / ARM64_RATE;
}

function piecesKept(seconds: number, { predictionPieces: kept }: Calibration): number {
  return kept === undefined || seconds < kept.fromSeconds ? 0 : Math.floor(seconds / kept.everySeconds);
}
