import type { TimeLimit } from '@cosmicai/inference';
import type { RankContext } from '@cosmicai/payload';

/** AWS ends an EXPRESS child, retries included, after so long. */
const EXPRESS_MS = 300_000;

/**
 * The time that a rank has: what the function has left, and in a child of type EXPRESS, which the stage tells in
 * `COSMICAI_MAP_EXECUTION_TYPE`, no more than that child. How long the child waited for this function isn't known, and is little.
 *
 * @param now monotonic clock in milliseconds
 */
export function timeLimitOf(
  { getRemainingTimeInMillis: left }: Pick<RankContext, 'getRemainingTimeInMillis'>,
  { COSMICAI_MAP_EXECUTION_TYPE: type }: Readonly<NodeJS.ProcessEnv>,
  now: () => number,
): TimeLimit | undefined {
  if (left === undefined) return undefined;
  if (type !== 'EXPRESS') return { left, renewed: true };
  const ends = now() + EXPRESS_MS;
  return { left: () => Math.min(left(), ends - now()), renewed: false };
}
