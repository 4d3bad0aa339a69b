import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { reasonOf, type UnnumberedEvent } from '@cosmicai/payload';
import { HistoryReader } from './history.ts';
import { BackOff, type WaitingClock } from '../services/wait.ts';
import type { MapRunCounts, RemoteExecution, WorkflowService } from '../services/workflow-service.ts';

export interface FollowOptions {
  readonly workflow: WorkflowService;
  /** ARN of the execution. */
  readonly arn: string;
  readonly clock: WaitingClock;
  readonly signal: AbortSignal;
  readonly onEvent: (event: UnnumberedEvent) => void;
  /** What became of the ranks, each time that changes. */
  readonly onRanks: (state: string, counts: MapRunCounts) => void;
  /** Whether children can be asked for one by one; those of EXPRESS Maps can't. */
  readonly describesChildren: boolean;
}

export interface Followed {
  readonly execution: RemoteExecution;
  /** Of the run itself, oldest first; its children are in the Map's results. */
  readonly events: readonly UnnumberedEvent[];
  readonly history: HistoryReader;
  /** Counts of each Map run by the name of its state. */
  readonly mapRuns: ReadonlyMap<string, MapRunCounts>;
}

/**
 * Follows an execution to its end, asking often while something happens and seldom while nothing does.
 *
 * @throws the abort reason when the signal fires; the execution itself goes on
 */
export async function follow(options: FollowOptions): Promise<Followed> {
  const { workflow, arn, clock, signal } = options;
  const history = new HistoryReader();
  const events: UnnumberedEvent[] = [];
  const maps = new MapWatch(options);
  const backOff = new BackOff();
  const record = (event: UnnumberedEvent) => {
    events.push(event);
    options.onEvent(event);
  };
  let last = 0;
  for (;;) {
    signal.throwIfAborted();
    // Before the history, so that the history of an execution that is over is whole.
    const execution = await workflow.describe(arn);
    const fresh = (await workflow.history(arn)).filter((event) => idOf(event) > last);
    const begun = fresh.findLastIndex((event) => BEGINS_MAP.has(event.type ?? ''));
    for (const [at, event] of fresh.entries()) {
      last = idOf(event);
      const read = history.read(event);
      if (at === begun) maps.begin(history.mapRuns);
      // What the Map's ranks did comes before what followed from it.
      if (at > begun && read.some(leavesMap)) for (const ended of await maps.finish()) record(ended);
      read.forEach(record);
    }
    const moved = await maps.look(record);
    if (execution.status !== 'RUNNING' && execution.status !== 'PENDING_REDRIVE') {
      for (const ended of await maps.finish()) record(ended);
      return { execution, events, history, mapRuns: maps.counts };
    }
    await clock.sleep(backOff.next(fresh.length > 0 || moved), signal);
  }
}

function idOf(event: HistoryEvent): number {
  return event.id ?? 0;
}

const BEGINS_MAP = new Set(['MapRunStarted', 'MapRunRedriven']);

function leavesMap(event: UnnumberedEvent): boolean {
  return event.type !== 'RunStarted' && event.type !== 'StateEntered';
}

/** Watches the Map runs of an execution: how many ranks are over, and why some failed. */
class MapWatch {
  readonly counts = new Map<string, MapRunCounts>();
  readonly #options: FollowOptions;
  readonly #arns = new Map<string, string>();
  readonly #over = new Set<string>();
  readonly #told = new Set<string>();

  constructor(options: FollowOptions) {
    this.#options = options;
  }

  /** Watches these, also those that had ended before they were redriven. */
  begin(mapRuns: ReadonlyMap<string, string>): void {
    for (const [state, arn] of mapRuns) {
      this.#arns.set(state, arn);
      this.#over.delete(state);
    }
  }

  /** Asks for the counts of those under way; answers whether any has changed. */
  async look(record: (event: UnnumberedEvent) => void): Promise<boolean> {
    let moved = false;
    for (const [state, arn] of this.#arns) {
      if (!this.#over.has(state) && (await this.#update(state, arn, record))) moved = true;
    }
    return moved;
  }

  /** The last word on the Map runs that were under way: called when the run has gone on. */
  async finish(): Promise<UnnumberedEvent[]> {
    const ended: UnnumberedEvent[] = [];
    for (const [state, arn] of this.#arns) {
      if (this.#over.has(state)) continue;
      await this.#update(state, arn, (event) => ended.push(event));
      this.#over.add(state);
      const counts = this.counts.get(state);
      if (counts === undefined) continue;
      const { succeeded, failed, aborted, pending } = counts;
      const status = counts.status === 'RUNNING' ? 'ABORTED' : counts.status;
      ended.push({ type: 'MapRunEnded', time: this.#now(), state, status, succeeded, failed, aborted, pending });
    }
    return ended;
  }

  async #update(state: string, arn: string, record: (event: UnnumberedEvent) => void): Promise<boolean> {
    const { workflow, onRanks, describesChildren } = this.#options;
    const before = this.counts.get(state);
    const counts = await workflow.mapRun(arn);
    // Zero until the Map has read its items.
    if (counts.total === 0) return false;
    this.counts.set(state, counts);
    const { total: children, items, concurrency } = counts;
    if (before === undefined) record({ type: 'MapRunStarted', time: this.#now(), state, items, children, concurrency });
    if (describesChildren && counts.failed > (before?.failed ?? 0)) {
      // The counts tell that ranks failed and the Map's results will tell why: no reason to stop following.
      await this.#tellFailures(state, arn).catch(() => undefined);
    }
    const moved = before === undefined || COUNTED.some((field) => counts[field] !== before[field]);
    if (moved) onRanks(state, counts);
    return moved;
  }

  /** Shows why ranks failed while others are at work; the events of all ranks come from the Map's results. */
  async #tellFailures(state: string, mapRunArn: string): Promise<void> {
    const { workflow, onEvent } = this.#options;
    for (const arn of await workflow.failedChildren(mapRunArn)) {
      if (this.#told.has(arn)) continue;
      this.#told.add(arn);
      const { input = '', status, error, cause } = await workflow.describe(arn);
      const index = Number(/"RANK"\s*:\s*"?(\d+)/.exec(input)?.[1] ?? -1);
      onEvent({ type: 'ChildFailed', time: this.#now(), state, index, ...reasonOf(status, { error, cause }) });
    }
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }
}

const COUNTED = ['succeeded', 'failed', 'aborted', 'pending'] as const;
