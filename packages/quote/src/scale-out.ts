import type { Random } from '@cosmicai/metrics';
import { itemAt, valueOf } from '@cosmicai/payload';
import { drawAttempt, type Attempt, type Phases } from './attempt.ts';
import type { AwsLimits, RetryPolicy } from './aws-limits.ts';
import type { Calibration } from './calibration.ts';
import { EventQueue } from './event-queue.ts';
import { LambdaPool } from './lambda-pool.ts';
import { readersOf } from './reading.ts';
import { serverStartSeconds, type RunPlan } from './run-plan.ts';
import { summarizeRanksSeconds } from './summarize-time.ts';

/** What became of a rank in a simulated run. Times in seconds from the start of the run. */
export interface SimulatedRank {
  readonly rank: number;
  /** When its child execution began. */
  readonly queuedAt: number;
  /** When its last invocation began. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly cold: boolean;
  readonly phases: Phases;
  /** Seconds it waited for the others at the barrier (FMI only). */
  readonly barrier: number;
  readonly invocations: number;
  readonly throttled: number;
  readonly outcome: 'succeeded' | 'failed';
}

export interface SimulatedRun {
  readonly seconds: number;
  readonly initializeSeconds: number;
  /** Until the server has started at which the ranks meet; 0 where it is there all the time. */
  readonly serverSeconds: number;
  readonly mapSeconds: number;
  readonly summarizeSeconds: number;
  readonly ranks: readonly SimulatedRank[];
  readonly invocations: number;
  readonly throttled: number;
  readonly coldStarts: number;
  readonly peakConcurrency: number;
  /** Billed seconds of all invocations of the inference function: cold starts included, rounded up to the millisecond. */
  readonly billedSeconds: number;
  readonly failedRanks: number;
  /** S3 requests of the ranks for partitions and results, those of attempts that failed, too. */
  readonly gets: number;
  readonly puts: number;
}

export interface Simulation {
  readonly plan: RunPlan;
  readonly calibration: Calibration;
  readonly limits: AwsLimits;
  readonly retry: RetryPolicy;
  /** For invocations that Lambda turns away. */
  readonly throttleRetry: RetryPolicy;
  readonly random: Random;
  /** How long everything of this run takes; default: 1, as long as is expected. */
  readonly pace?: number;
}

/** `expire`: the child execution may last no longer. */
type Event = { readonly kind: 'invoke' | 'end' | 'expire'; readonly rank: number };

interface Progress {
  readonly queuedAt: number;
  startedAt: number;
  endedAt: number;
  cold: boolean;
  attempt: Attempt | undefined;
  invocations: number;
  throttled: number;
  throttleRetries: number;
  retries: number;
  /** Its child execution is over. */
  over: boolean;
}

const NOTHING: Phases = { coldStart: 0, modelLoad: 0, read: 0, inference: 0, write: 0 };

/**
 * Plays one run: the map starts child executions at a limited rate and up to its concurrency, each invokes the function,
 * Lambda answers with a warm environment, a new one as far as scale-out and concurrency allow, or a throttle that is retried.
 */
export function simulateRun(simulation: Simulation): SimulatedRun {
  const { plan, calibration, limits, pace = 1 } = simulation;
  const files = plan.ranks.reduce((sum, load) => sum + load.files, 0);
  const initializeSeconds =
    pace *
    (calibration.initialize.coldStartSeconds + (Math.ceil(Math.max(1, files) / 1000) + 2) * limits.s3RequestSeconds);
  const serverSeconds = pace * serverStartSeconds(plan, limits);
  const begin = initializeSeconds + serverSeconds;
  const map = simulateMap(simulation, begin);
  const withData = plan.ranks.filter((load) => load.files > 0).length;
  const summarizeSeconds =
    pace *
    (calibration.summarize.coldStartSeconds +
      summarizeRanksSeconds(calibration, withData) +
      (Math.ceil(withData / 1000) + 1) * limits.s3RequestSeconds);
  const ended = map.ranks.reduce((last, rank) => Math.max(last, rank.endedAt), begin);
  return {
    ...map,
    initializeSeconds,
    serverSeconds,
    mapSeconds: ended - begin,
    summarizeSeconds,
    seconds: ended + summarizeSeconds,
  };
}

type SimulatedMap = Omit<
  SimulatedRun,
  'seconds' | 'initializeSeconds' | 'serverSeconds' | 'mapSeconds' | 'summarizeSeconds'
>;

function simulateMap(
  { plan, calibration, limits, retry, throttleRetry, random, pace = 1 }: Simulation,
  begin: number,
): SimulatedMap {
  const waiting = plan.ranks.flatMap((load, rank) => (load.files > 0 ? [rank] : [])).values();
  const queue = new EventQueue<Event>();
  const pool = new LambdaPool(limits, { warm: plan.warmEnvironments ?? 0, since: begin });
  const progress = new Map<number, Progress>();
  const betweenStarts = 1 / limits.childStartsPerSecond;
  let nextStart = begin;
  const concurrency = Math.min(plan.maxConcurrency, limits.distributedMapConcurrency);
  const readers = readersOf(plan, limits);
  const childSeconds = plan.childType === 'EXPRESS' ? limits.expressSeconds : Infinity;
  const used = { billedMs: 0, gets: 0, puts: 0 };

  const startChild = (now: number) => {
    const { value: rank, done } = waiting.next();
    if (done === true) return;
    const at = Math.max(now, nextStart);
    nextStart = at + betweenStarts;
    progress.set(rank, {
      queuedAt: at,
      startedAt: at,
      endedAt: at,
      cold: false,
      attempt: undefined,
      invocations: 0,
      throttled: 0,
      throttleRetries: 0,
      retries: 0,
      over: false,
    });
    queue.add(at, { kind: 'invoke', rank });
  };
  const finish = (rank: Progress, now: number) => {
    rank.over = true;
    rank.endedAt = now;
    startChild(now);
  };
  const retryOrFail = (rank: number, now: number, policy: RetryPolicy, spent: 'retries' | 'throttleRetries') => {
    const of = valueOf(progress, rank);
    if (of[spent] >= policy.maxAttempts) {
      finish(of, now);
      return;
    }
    const longest = Math.min(policy.maxDelaySeconds, policy.intervalSeconds * policy.backoffRate ** of[spent]++);
    const [again, expires] = [now + longest * random(), of.queuedAt + childSeconds];
    queue.add(Math.min(again, expires), { kind: again < expires ? 'invoke' : 'expire', rank });
  };
  const invoke = (rank: number, now: number) => {
    const of = valueOf(progress, rank);
    const admission = pool.admit(now);
    if (admission === 'throttled') {
      of.throttled++;
      retryOrFail(rank, now, throttleRetry, 'throttleRetries');
      return;
    }
    of.cold = admission === 'cold';
    of.startedAt = now;
    const conditions = { plan, calibration, limits, cold: of.cold, readers, pace, random };
    of.attempt = drawAttempt(itemAt(plan.ranks, rank), conditions);
    of.invocations += of.attempt.invocations;
    used.billedMs += Math.ceil(of.attempt.seconds * 1000);
    used.gets += of.attempt.gets;
    used.puts += of.attempt.puts;
    const [ends, expires] = [now + of.attempt.seconds, of.queuedAt + childSeconds];
    queue.add(ends, { kind: 'end', rank });
    if (expires < ends) queue.add(expires, { kind: 'expire', rank });
  };

  for (let child = 0; child < concurrency; child++) startChild(begin);
  for (let next = queue.next(); next !== undefined; next = queue.next()) {
    const { kind, rank } = next.event;
    const of = valueOf(progress, rank);
    // An invocation goes on when its child execution has ended, and is paid for.
    if (kind === 'end') pool.release();
    if (of.over) continue;
    if (kind === 'invoke') invoke(rank, next.time);
    else if (kind === 'expire') {
      if (of.attempt !== undefined) of.attempt = { ...of.attempt, outcome: 'timed out' };
      finish(of, next.time);
    } else if (of.attempt?.outcome === 'failed') retryOrFail(rank, next.time, retry, 'retries');
    else finish(of, next.time);
  }
  const ended = [...progress].map(([rank, of]) => simulatedRank(rank, of));
  const ranks = plan.fmi ? withBarrier(ended) : ended;
  return {
    ranks,
    invocations: ranks.reduce((sum, rank) => sum + rank.invocations, 0),
    throttled: ranks.reduce((sum, rank) => sum + rank.throttled, 0),
    coldStarts: pool.coldStarts,
    peakConcurrency: pool.peakConcurrency,
    gets: used.gets,
    puts: used.puts,
    billedSeconds: used.billedMs / 1000 + ranks.reduce((sum, rank) => sum + rank.barrier, 0),
    failedRanks: ranks.filter((rank) => rank.outcome === 'failed').length,
  };
}

function simulatedRank(rank: number, of: Progress): SimulatedRank {
  return {
    rank,
    queuedAt: of.queuedAt,
    startedAt: of.startedAt,
    endedAt: of.endedAt,
    cold: of.cold,
    phases: of.attempt?.phases ?? NOTHING,
    barrier: 0,
    invocations: of.invocations,
    throttled: of.throttled,
    outcome: of.attempt?.outcome === 'succeeded' ? 'succeeded' : 'failed',
  };
}

/** Ranks that synchronise stay until the last one has predicted, and are paid for while they wait. */
function withBarrier(ranks: readonly SimulatedRank[]): SimulatedRank[] {
  const arrival = (rank: SimulatedRank) => rank.endedAt - rank.phases.write;
  const last = ranks.reduce((latest, rank) => Math.max(latest, arrival(rank)), 0);
  return ranks.map((rank) => {
    const barrier = rank.outcome === 'succeeded' ? last - arrival(rank) : 0;
    return { ...rank, barrier, endedAt: rank.endedAt + barrier };
  });
}
