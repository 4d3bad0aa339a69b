import type { Communicator } from '@cosmicai/fmi';
import { PredictionMetrics, type PredictionMetricsJson } from '@cosmicai/metrics';
import {
  once,
  parseEndpoint,
  parseMeeting,
  runLayout,
  withFormat,
  type LinkCounts,
  type Meeting,
  type RankTask,
} from '@cosmicai/payload';
import { NotFoundError, type ObjectStore } from '@cosmicai/store';
import { countLinks, meetingReport, type Arrival } from './meeting-report.ts';

/** Ranks arrive as their partitions end, and one may be tried again after 30 s; none waits longer for the others than this. */
const MEETING_MS = 120_000;
/** Predictions up to which fmi.json has the exact NMAD; beyond, messages stay small and it has the sketch's. */
const EXACT_UP_TO = 1_000_000;

/** Most ranks never meet. */
const loadFmi = once(() => import('@cosmicai/fmi'));

/** How the meeting went for this rank; kept in its answer. A run never fails for it: the results are written before. */
export type MeetingOutcome =
  | { readonly status: 'met'; readonly setup_ms: number; readonly wait_ms: number; readonly links: LinkCounts }
  | { readonly status: 'missed'; readonly reason: string };

export interface MeetingEnvironment {
  readonly store: ObjectStore;
  /** Monotonic clock in milliseconds. */
  readonly monotonic: () => number;
  readonly now: () => Date;
  readonly memoryLimitMb: number | null;
  readonly signal?: AbortSignal;
}

/**
 * Meets the other ranks of the run: all wait in a barrier and reduce their metrics to the first rank, which writes fmi.json.
 *
 * @param metrics of this rank's predictions
 */
export async function meetRanks(
  task: RankTask,
  metrics: PredictionMetrics,
  environment: MeetingEnvironment,
): Promise<MeetingOutcome> {
  const arrivedAt = environment.now().toISOString();
  const started = environment.monotonic();
  const elapsed = () => environment.monotonic() - started;
  try {
    await using communicator = await join(task, environment);
    const setupMs = elapsed();
    await communicator.barrier();
    const waitMs = elapsed() - setupMs;
    const merged = await communicator.reduce(sketched(metrics), await mergingMetrics(), 0);
    // Last, so that the links of everything before are among those that each rank tells of.
    const arrivals = await communicator.gather<Arrival>({
      rank: task.RANK,
      arrived_at: arrivedAt,
      setup_ms: setupMs,
      wait_ms: waitMs,
      links: communicator.links,
    });
    if (arrivals !== undefined && merged !== undefined) {
      const report = meetingReport(task.RUN_ID ?? '', arrivals, PredictionMetrics.fromJSON(merged).finish());
      await environment.store.put(
        runLayout(task.RESULT_PATH, task.RUN_ID).fmi,
        `${JSON.stringify(withFormat(report), null, 1)}\n`,
      );
    }
    return { status: 'met', setup_ms: setupMs, wait_ms: waitMs, links: countLinks(communicator.links) };
  } catch (error) {
    environment.signal?.throwIfAborted();
    return { status: 'missed', reason: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Tells the others that this rank won't come, because it has failed for good, so that they need not wait for it. Failing to
 * tell only makes them wait longer.
 */
export async function declineMeeting(task: RankTask, environment: MeetingEnvironment): Promise<void> {
  try {
    const communicator = await join(task, environment);
    await communicator.close();
  } catch {
    // The rank has an error of its own to report.
  }
}

/** Merging metrics gives the same in any order and grouping. */
async function mergingMetrics() {
  const { reduction } = await loadFmi();
  return reduction<PredictionMetricsJson>(
    (left, right) => PredictionMetrics.fromJSON(left).merge(PredictionMetrics.fromJSON(right)).toJSON(),
    { name: 'merge prediction metrics', associative: true, commutative: true },
  );
}

function sketched(metrics: PredictionMetrics): PredictionMetricsJson {
  return new PredictionMetrics({ exactUpTo: EXACT_UP_TO }).merge(metrics).toJSON();
}

async function join(task: RankTask, { store, memoryLimitMb, signal }: MeetingEnvironment): Promise<Communicator> {
  const { joinWorld } = await loadFmi();
  const layout = runLayout(task.RESULT_PATH, task.RUN_ID);
  const { runKey, endpoint } = await readMeeting(store, layout.rendezvousKey);
  return joinWorld({
    rendezvous: parseEndpoint(endpoint ?? task.RENDEZVOUS_ENDPOINT ?? ''),
    runId: task.RUN_ID ?? '',
    runKey,
    rank: task.FMI_RANK ?? task.RANK,
    worldSize: task.FMI_WORLD_SIZE ?? task.WORLD_SIZE,
    ...(task.FMI_GROUP !== undefined && { group: task.FMI_GROUP }),
    deadlineMs: MEETING_MS,
    ...(memoryLimitMb !== null && { memoryMiB: memoryLimitMb }),
    ...(signal && { signal }),
  });
}

async function readMeeting(store: ObjectStore, key: string): Promise<Meeting> {
  try {
    return parseMeeting((await store.get(key)).toString());
  } catch (error) {
    if (error instanceof NotFoundError)
      throw new Error('the run has no rendezvous key: its state machine has no CheckRendezvous step', { cause: error });
    throw error;
  }
}
