/** Time as a display needs it; tests bring their own. */
export interface Ticker {
  /** Milliseconds that never step back. */
  now(): number;
  /** Calls again and again until what it answers is called. */
  every(milliseconds: number, call: () => void): () => void;
}

export const systemTicker: Ticker = {
  now: () => performance.now(),
  every(milliseconds, call) {
    // A display keeps no process alive.
    const timer = setInterval(call, milliseconds).unref();
    return () => clearInterval(timer);
  },
};
