/** How an attempt of a rank uses its time, as parts of it: ranks go by this, and quotes count with it. */
export const ATTEMPT_TIME = {
  /** After which it is said for good whether the rest fits, so that what doesn't fails within the first tenth. */
  judgedAt: 0.05,
  /** Kept for writing what was predicted. */
  keptForWriting: 0.05,
  /** In which a later attempt starts, and reads again what was predicted before. */
  startingAgain: 0.2,
} as const;

/** A rank that is over sooner is done anew rather than kept in pieces, and no piece follows another sooner. */
export const PIECES_KEPT = { fromSeconds: 60, everySeconds: 30 } as const;
