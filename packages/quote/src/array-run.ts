import { median, type Random } from '@cosmicai/metrics';
import { MOST_RANKS_PUBLISHED } from '@cosmicai/payload';
import { drawAttempt } from './attempt.ts';
import type { AwsLimits } from './aws-limits.ts';
import type { Calibration } from './calibration.ts';
import { EventQueue } from './event-queue.ts';
import { requestsOfStart } from './quote.ts';
import { readersOf } from './reading.ts';
import type { RunPlan } from './run-plan.ts';
import { summarizeRanksSeconds } from './summarize-time.ts';

/** A run as tasks of an array job, played once. */
export interface SimulatedArray {
  readonly seconds: number;
  readonly phases: { readonly initialize: number; readonly ranks: number; readonly summarize: number };
  /** Longest that a rank had a task, all of its tries together. */
  readonly slowestRankSeconds: number;
  /** Median over the ranks, of their last tries. */
  readonly inferenceSeconds: number;
  /** Seconds that each task lasted, that of Summarize the last: what is paid for. */
  readonly taskSeconds: readonly number[];
  readonly failedRanks: number;
  /** S3 requests. */
  readonly gets: number;
  readonly puts: number;
  readonly lists: number;
}

export interface ArraySimulation {
  readonly plan: RunPlan;
  readonly calibration: Calibration;
  readonly limits: AwsLimits;
  /** From a task's turn until its program starts: a container's image is fetched. */
  readonly startSeconds: number;
  /** How often a task is tried. */
  readonly attempts: number;
  /** 1: everything takes as long as is expected. */
  readonly pace: number;
  readonly random: Random;
}

/**
 * S3 requests beside those for partitions and model, counted at a bucket of a run of `cosmicai init`, `rank` and `summarize`; HEAD is
 * priced as GET. Of each try: twice the items, the record, twice the task, three times the result, pieces of a try before, the bucket.
 */
const GETS_OF_TASK = 10;
const GETS_OF_SUMMARIZE = 14;
/** Record, items and manifest of the plan; combined data and summary twice, reduction, proof, and who is publishing. */
const PUTS_OF_RUN = 10;

/** Every task is a start of its own: nothing stays warm. Ranks take the places that others leave. */
export function simulateArray(simulation: ArraySimulation): SimulatedArray {
  const { plan, calibration, limits, startSeconds, pace } = simulation;
  const files = plan.ranks.reduce((sum, load) => sum + load.files, 0);
  const pages = Math.ceil(Math.max(1, files) / 1000);
  const initialize = pace * (calibration.initialize.coldStartSeconds + (pages + 2) * limits.s3RequestSeconds);
  const ranks = ranksOf(simulation);
  const withData = ranks.tasks.length;
  const published = withData > MOST_RANKS_PUBLISHED ? 0 : withData;
  const summarize =
    pace * (startSeconds + calibration.summarize.coldStartSeconds + summarizeRanksSeconds(calibration, withData));
  return {
    seconds: initialize + ranks.seconds + summarize,
    phases: { initialize, ranks: ranks.seconds, summarize },
    slowestRankSeconds: ranks.tasks.reduce((most, seconds) => Math.max(most, seconds), 0),
    inferenceSeconds: median(ranks.inference),
    taskSeconds: [...ranks.tasks, summarize],
    failedRanks: ranks.failed,
    gets: ranks.gets + GETS_OF_SUMMARIZE + withData * calibration.summarize.objectsPerRank,
    puts: ranks.puts + PUTS_OF_RUN + published,
    // What is planned, what a Map would have left, what is published.
    lists: pages + 1 + Math.ceil(Math.max(1, published) / 1000),
  };
}

function ranksOf({ plan, calibration, limits, startSeconds, attempts, pace, random }: ArraySimulation) {
  const readers = readersOf(plan, limits);
  const free = new EventQueue<undefined>();
  const tasks: number[] = [];
  const inference: number[] = [];
  const used = { seconds: 0, gets: 0, puts: 0, failed: 0 };
  let places = plan.maxConcurrency;
  for (const load of plan.ranks) {
    if (load.files === 0) continue;
    const begins = places-- > 0 ? 0 : (free.next()?.time ?? 0);
    let lasts = 0;
    let outcome = 'failed';
    let predicting = 0;
    for (let tried = 0; tried < attempts && outcome === 'failed'; tried++) {
      const attempt = drawAttempt(load, { plan, calibration, limits, cold: true, readers, pace, random });
      lasts += pace * startSeconds + attempt.seconds;
      used.gets += attempt.gets + GETS_OF_TASK + requestsOfStart(calibration);
      used.puts += attempt.puts;
      outcome = attempt.outcome;
      predicting = attempt.phases.inference;
    }
    if (outcome !== 'succeeded') used.failed++;
    tasks.push(lasts);
    inference.push(predicting);
    free.add(begins + lasts, undefined);
    used.seconds = Math.max(used.seconds, begins + lasts);
  }
  return { ...used, tasks, inference };
}
