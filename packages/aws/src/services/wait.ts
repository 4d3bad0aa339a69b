import { setTimeout } from 'node:timers/promises';

/** Time as following a remote run needs it; tests bring their own. */
export interface WaitingClock {
  /** Epoch milliseconds. */
  now(): number;
  /** @throws the abort reason when the signal fires */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export const wallClock: WaitingClock = {
  now: () => Date.now(),
  sleep: async (milliseconds, signal) => {
    await setTimeout(milliseconds, undefined, { signal });
  },
};

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const GROWTH = 1.5;

/** Waits between looks at something that changes: short while it does, longer and longer while it doesn't. */
export class BackOff {
  #wait = FIRST_WAIT_MS;

  /** The milliseconds to wait now. */
  next(changed: boolean): number {
    this.#wait = changed ? FIRST_WAIT_MS : Math.min(this.#wait * GROWTH, LONGEST_WAIT_MS);
    return this.#wait;
  }
}
