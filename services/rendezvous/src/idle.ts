import type { RendezvousStats } from '@cosmicai/rendezvous';

/** Whether somebody needs the server: those who have proven nothing, as strangers who look for open ports, don't. */
export function isNeeded({ openRuns, members, waitingV1, waitingV2, relays }: RendezvousStats): boolean {
  return openRuns + members + waitingV1 + waitingV2 + relays > 0;
}

/**
 * Tells how long nobody has needed the server.
 *
 * @param now milliseconds of a clock that never goes back
 * @returns to be called again and again: milliseconds since somebody needed it, as far as it was seen, or since the beginning
 */
export function idleTime(stats: () => RendezvousStats, now: () => number): () => number {
  let needed = now();
  let seen = 0;
  return () => {
    const current = stats();
    const { authenticated } = current;
    // Who came and went between two looks needed it, too.
    if (isNeeded(current) || authenticated !== seen) needed = now();
    seen = authenticated;
    return now() - needed;
  };
}
