import { UserInputError, type RunPayload } from '@cosmicai/payload';

/**
 * Fits a payload to the functions that the account runs at once: what is beyond takes turns instead of being throttled, over and over.
 *
 * @param atOnce undefined: not known
 * @throws UserInputError when ranks that have to meet can't all run
 */
export function withinConcurrency(
  payload: RunPayload,
  atOnce: number | undefined,
  say: (line: string) => void,
): RunPayload {
  const { world_size: ranks = Infinity, max_concurrency: most, fmi_enabled: meets } = payload;
  if (atOnce === undefined || Math.min(ranks, most) <= atOnce) return payload;
  if (meets)
    throw new UserInputError(
      `Ranks that meet (fmi_enabled) must all run at once, and this account runs ${atOnce} functions at once for the stage, not ${Math.min(ranks, most)}. Ask for ${atOnce} ranks or fewer (--world-size), leave FMI out, or ask AWS for a higher quota of concurrent executions.`,
    );
  say(
    `This account runs ${atOnce} functions at once for the stage, so the ranks take turns (max_concurrency ${atOnce}).`,
  );
  return { ...payload, max_concurrency: atOnce };
}
