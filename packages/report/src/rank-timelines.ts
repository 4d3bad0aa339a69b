import type { ReportLine } from '@cosmicai/payload';
import type { FmiReport, RankResult } from '@cosmicai/payload';
import { z } from 'zod';
import type { RunEvent } from './machine/history.ts';
import type { Phase, RankTimeline } from './run-report.ts';

export interface TimelineSources {
  readonly events: readonly RunEvent[];
  /** Start of the run, milliseconds. */
  readonly since: number;
  readonly reports: ReadonlyMap<number, ReportLine> | undefined;
  readonly fmi: FmiReport | undefined;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** What the events tell of a rank's child execution. Seconds from the start of the run. */
interface Child {
  readonly attempts: Span[];
  failedAt: number | undefined;
}

/**
 * How each rank spent its time. A rank that succeeded tells its phases itself; it read while it predicted, so only the
 * reading that delayed it counts as download. Attempts that failed, ranks that never succeeded, and the time before
 * anything ran come from the events.
 */
export function rankTimelines(results: readonly RankResult[], sources: TimelineSources): RankTimeline[] {
  const { events, since } = sources;
  const seconds = (iso: string) => (Date.parse(iso) - since) / 1000;
  const mapStart = events.find((event) => event.type === 'MapRunStarted')?.time;
  const queuedAt = mapStart === undefined ? 0 : seconds(mapStart);
  const children = childrenOf(events, seconds);
  const succeeded = results.map((result): RankTimeline => {
    const line = new Line(queuedAt);
    for (const attempt of (children.get(result.rank)?.attempts ?? []).slice(0, -1)) line.failed(attempt);
    line.ran(result, seconds(result.started_at), (sources.reports?.get(result.rank)?.initDurationMs ?? 0) / 1000);
    const met = sources.fmi?.ranks.find((rank) => rank.rank === result.rank);
    if (met !== undefined) {
      const arrived = seconds(met.arrived_at);
      line.until('barrier', arrived + (met.setup_ms + met.wait_ms) / 1000);
    }
    return { rank: result.rank, status: 'succeeded', phases: line.phases };
  });
  const known = new Set(results.map(({ rank }) => rank));
  const failed = [...children].flatMap(([rank, { attempts, failedAt }]): RankTimeline[] => {
    if (known.has(rank) || failedAt === undefined) return [];
    const line = new Line(queuedAt);
    for (const attempt of attempts) line.failed(attempt);
    return [{ rank, status: 'failed', phases: line.phases }];
  });
  return [...succeeded, ...failed].sort((a, b) => a.rank - b.rank);
}

/** A rank's phases, one after the other. */
class Line {
  readonly phases: { phase: Phase; start: number; end: number }[] = [];
  #at: number;

  constructor(start: number) {
    this.#at = start;
  }

  until(phase: Phase, end: number): void {
    if (end <= this.#at) return;
    this.phases.push({ phase, start: this.#at, end });
    this.#at = end;
  }

  failed({ start, end }: Span): void {
    this.until('queue', start);
    this.until('failed attempt', end);
  }

  /** @param handler when the handler began; @param init seconds of the cold start before it */
  ran({ timing }: RankResult, handler: number, init: number): void {
    const waitedForData = timing.total - timing.model_load - timing.inference - timing.write;
    this.until('queue', handler - init);
    this.until('cold start', handler);
    this.until('model load', this.#at + timing.model_load);
    this.until('download', this.#at + waitedForData);
    this.until('inference', this.#at + timing.inference);
    this.until('upload', this.#at + timing.write);
  }
}

/** Rank tasks hold their rank as text, as the existing state machines do. */
const taskSchema = z.looseObject({ RANK: z.coerce.number().int().nonnegative() });

function childrenOf(events: readonly RunEvent[], seconds: (iso: string) => number): Map<number, Child> {
  const ranks = new Map<string, number>();
  const children = new Map<number, Child>();
  const begun = new Map<string, number>();
  const childOf = (name: string | undefined) => children.get(ranks.get(name ?? '') ?? -1);
  for (const event of events) {
    const name = `${event.state ?? ''}[${event.index ?? ''}]`;
    if (event.type === 'ChildStarted') {
      const task = taskSchema.safeParse(event.input);
      if (!task.success) continue;
      ranks.set(name, task.data.RANK);
      children.set(task.data.RANK, { attempts: [], failedAt: undefined });
    } else if (event.type === 'ChildFailed') {
      const child = childOf(name);
      if (child !== undefined) child.failedAt = seconds(event.time);
    } else if (event.type === 'FunctionStarted' && event.in !== undefined) {
      begun.set(event.in, seconds(event.time));
    } else if (event.type === 'FunctionEnded' && event.in !== undefined) {
      const start = begun.get(event.in);
      if (start !== undefined) childOf(event.in)?.attempts.push({ start, end: seconds(event.time) });
    }
  }
  return children;
}
