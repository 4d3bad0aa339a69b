import { normalQuantile, seededRandom } from '@cosmicai/metrics';

/**
 * How long each of so many runs takes of what is expected: the middles of equally likely ranges, so that few runs show the spread
 * as well as many, in an order that has nothing to do with what else is drawn.
 *
 * @param spread standard deviation of the logarithm
 */
export function pacesOf(runs: number, spread: number, seed: number): number[] {
  const random = seededRandom(seed);
  return Array.from({ length: runs }, (_, run) => ({
    pace: Math.exp(spread * normalQuantile((run + 0.5) / runs)),
    place: random(),
  }))
    .sort((a, b) => a.place - b.place)
    .map(({ pace }) => pace);
}
