import type { RunEvent } from '@cosmicai/payload';
import type { Outcome, RankSignal, Watch } from './engine.ts';

/** How a job tells what happens. */
export interface Telling {
  readonly see: (event: RunEvent) => void;
  readonly hear: (signal: RankSignal) => void;
  /** Ends the job. */
  readonly signal: AbortSignal;
}

/** An execution that lives in this process. Whoever watches it hears of it from its first event, however late. */
export class Job {
  readonly #seen: RunEvent[] = [];
  readonly #watches = new Set<Pick<Watch, 'see' | 'hear'>>();
  readonly #stop = new AbortController();
  readonly #outcome: Promise<Outcome>;
  #isOver = false;

  /** @param signal stops the job, too */
  constructor(signal: AbortSignal, work: (telling: Telling) => Promise<Outcome>) {
    this.#outcome = work({
      see: (event) => {
        this.#seen.push(event);
        for (const watch of this.#watches) watch.see(event);
      },
      hear: (heard) => {
        for (const watch of this.#watches) watch.hear?.(heard);
      },
      signal: AbortSignal.any([signal, this.#stop.signal]),
    });
    const over = () => {
      this.#isOver = true;
    };
    // Who watches hears of an error; nobody has to.
    this.#outcome.then(over, over);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Its end is the watch's, as nothing of it goes on without this process. */
  async watch(watch: Pick<Watch, 'see' | 'hear'>): Promise<Outcome> {
    this.#seen.forEach(watch.see);
    this.#watches.add(watch);
    try {
      return await this.#outcome;
    } finally {
      this.#watches.delete(watch);
    }
  }

  async stop(reason: string): Promise<void> {
    this.#stop.abort(new Error(reason));
    await this.#outcome.catch(() => undefined);
  }
}
