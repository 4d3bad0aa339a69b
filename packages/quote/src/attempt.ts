import { standardNormal, type Random } from '@cosmicai/metrics';
import type { AwsLimits } from './aws-limits.ts';
import type { Calibration } from './calibration.ts';
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
  readonly outcome: 'succeeded' | 'failed' | 'timed out';
}

/** Share of the first part of a partition that must be there before prediction begins. */
const READ_AHEAD_BYTES = 8e6;

export function vcpusOf(memoryMb: number, limits: AwsLimits): number {
  return memoryMb / limits.memoryMbPerVcpu;
}

/** Draws how one invocation goes. */
export function drawAttempt(
  load: RankLoad,
  {
    plan,
    calibration,
    limits,
    cold,
    random,
  }: { plan: RunPlan; calibration: Calibration; limits: AwsLimits; cold: boolean; random: Random },
): Attempt {
  const requests = (objects: number) => objects * limits.s3RequestSeconds;
  const transfer = (bytes: number) => bytes / limits.s3BytesPerSecond;
  const { coldDownload, stragglers } = calibration;
  const rate =
    calibration.samplesPerSecond *
    (vcpusOf(plan.memoryMb, limits) / calibration.vcpus) *
    Math.exp(calibration.rateSpread * standardNormal(random));
  const stall = random() < stragglers.probability ? stragglers.seconds : 0;
  const fails = random() < calibration.failureProbability;
  const failsAt = random();
  const reading = requests(load.files) + transfer(load.bytes);
  const predicting = load.samples / rate + stall;
  const overlap = calibration.readsWhilePredicting;
  const read = overlap ? requests(Math.min(1, load.files)) + transfer(Math.min(load.bytes, READ_AHEAD_BYTES)) : reading;
  const phases: Phases = {
    coldStart: cold ? calibration.coldStartSeconds : 0,
    modelLoad: cold ? requests(coldDownload.objects) + transfer(coldDownload.bytes) : 0,
    read,
    inference: overlap ? Math.max(predicting, reading - read) : predicting,
    write: requests(calibration.objectsWritten),
  };
  const seconds = phases.modelLoad + phases.read + phases.inference + phases.write;
  if (fails) return { phases, seconds: phases.coldStart + seconds * failsAt, outcome: 'failed' };
  // Lambda's time-out counts from the handler's start, not the cold start.
  return seconds > limits.timeoutSeconds
    ? { phases, seconds: phases.coldStart + limits.timeoutSeconds, outcome: 'timed out' }
    : { phases, seconds: phases.coldStart + seconds, outcome: 'succeeded' };
}
