import type { ServerContext } from './context.ts';

interface OpenRun {
  readonly worldSize: number;
  readonly until: number;
  readonly came: Set<number>;
}

/**
 * Runs that were opened ahead of their ranks, until each rank has come or the time-out is over. Ranks come when they have predicted,
 * and those that fail come to say so, so a run may be under way without a single connection.
 */
export class OpenRuns {
  readonly #context: Pick<ServerContext, 'now' | 'timeouts' | 'limits'>;
  readonly #runs = new Map<string, OpenRun>();

  constructor(context: Pick<ServerContext, 'now' | 'timeouts' | 'limits'>) {
    this.#context = context;
  }

  /** How many are open now. */
  get count(): number {
    for (const [run, { until }] of this.#runs) if (until <= this.#context.now()) this.#runs.delete(run);
    return this.#runs.size;
  }

  /** @param run that no other has; opening one again begins anew */
  opened(run: string, worldSize: number): void {
    this.#runs.delete(run);
    // The oldest makes room: it only is no longer waited for.
    const [oldest] = this.#runs.keys();
    if (oldest !== undefined && this.#runs.size >= this.#context.limits.worlds) this.#runs.delete(oldest);
    const until = this.#context.now() + this.#context.timeouts.openRun;
    this.#runs.set(run, { worldSize, until, came: new Set() });
  }

  came(run: string, rank: number): void {
    const open = this.#runs.get(run);
    if (open === undefined) return;
    open.came.add(rank);
    if (open.came.size >= open.worldSize) this.#runs.delete(run);
  }
}
