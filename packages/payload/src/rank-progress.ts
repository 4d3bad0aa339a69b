import { z } from 'zod';

const count = z.number().int().nonnegative();

/** What a rank has done so far: its heartbeat. A rank that is tried again begins at zero. */
export const rankProgressSchema = z.object({
  rank: count,
  /** Galaxies predicted. */
  galaxies: count,
  /** Galaxies in the partition files that it has opened, and the bytes of those files. */
  opened_galaxies: count,
  opened_bytes: count,
});
export type RankProgress = Readonly<z.output<typeof rankProgressSchema>>;

/** What the inference function may know of its invocation beside the task. */
export interface RankContext {
  /** Takes heartbeats; only engines that watch their functions' processes offer it, Lambda doesn't. */
  readonly reportProgress?: (progress: RankProgress) => void;
  /** Milliseconds until the function is ended; absent where nobody ends it. */
  readonly getRemainingTimeInMillis?: () => number;
}

/**
 * What the inference function logs of a rank where nobody takes its heartbeats: that it begins, what it has done, and that it is
 * through. Whoever follows a run on AWS finds these lines by their messages.
 */
export const rankLineSchema = z.discriminatedUnion('message', [
  z.object({ message: z.literal('rank begins'), rank: count }),
  rankProgressSchema.extend({ message: z.literal('rank at work') }),
  z.object({ message: z.literal('rank ends'), rank: count, samples: count }),
]);
export type RankLine = Readonly<z.output<typeof rankLineSchema>>;
