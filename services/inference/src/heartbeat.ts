/** A line of a hundred bytes or two for each rank at this pace costs less than a thousandth of the rank on Lambda. */
const BEAT_MS = 10_000;

/**
 * Passes heartbeats on at a pace that a log can bear: one in ten seconds at most, and none where nothing is done, so that
 * silence means something.
 *
 * @param now monotonic clock in milliseconds
 */
export function slowed<Beat>(say: (beat: Beat) => void, now: () => number): (beat: Beat) => void {
  let last = now();
  return (beat) => {
    if (now() - last < BEAT_MS) return;
    last = now();
    say(beat);
  };
}
