import type { ConnectOptions, Departure, PeerLink } from '../peer-link.ts';
import { noPairing } from '../wire/messages.ts';
import type { LinkAttempt } from './link-attempt.ts';
import { maxTimerMs } from './timing.ts';

interface Waiter {
  resolve(link: PeerLink): void;
  reject(error: Error): void;
}

/** First and last wait before a pair that found no path is tried again; doubled in between. */
const againMs = { first: 100, last: 5_000 };

/** What a connector knows of one peer, and who waits for a link with it. */
export class Peer {
  readonly rank: number;
  attempt: LinkAttempt | undefined;
  link: PeerLink | undefined;
  /** The pairing that failed or whose link ended; named when the peer is sought again. */
  failed: Buffer = noPairing;
  gone: Departure | undefined;
  /** Why the last attempt failed. */
  lastError: Error | undefined;
  readonly #waiters = new Set<Waiter>();
  #againMs = againMs.first;

  constructor(rank: number) {
    this.rank = rank;
  }

  /** Does anybody wait for a link? */
  get wanted(): boolean {
    return this.#waiters.size > 0;
  }

  /** The link, once there is one; rejects at the deadline with `tooLate()`. */
  async wait({ signal, deadline }: ConnectOptions, tooLate: () => Error): Promise<PeerLink> {
    return await new Promise<PeerLink>((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        resolve: (link) => {
          settle();
          resolve(link);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const abort = () => waiter.reject(signal?.reason as Error);
      signal?.addEventListener('abort', abort, { once: true });
      if (deadline !== undefined) {
        const ms = Math.min(Math.max(0, deadline - Date.now()), maxTimerMs);
        timer = setTimeout(() => waiter.reject(tooLate()), ms);
      }
      this.#waiters.add(waiter);
    });
  }

  resolveAll(link: PeerLink): void {
    for (const waiter of [...this.#waiters]) waiter.resolve(link);
  }

  rejectAll(error: Error): void {
    for (const waiter of [...this.#waiters]) waiter.reject(error);
  }

  /** Milliseconds until the next attempt after a failed one. */
  nextWaitMs(): number {
    const wait = this.#againMs;
    this.#againMs = Math.min(wait * 2, againMs.last);
    return wait;
  }

  resetWait(): void {
    this.#againMs = againMs.first;
  }
}
