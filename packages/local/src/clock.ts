/** Where the engine takes the time from. */
export interface Clock {
  /** Epoch milliseconds, with fractions. */
  now(): number;
}

/** Wall-clock time that never steps back, in microsecond resolution. */
export const systemClock: Clock = { now: () => performance.timeOrigin + performance.now() };
