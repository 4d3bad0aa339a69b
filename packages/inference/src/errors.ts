import { CosmicError, EnvironmentError, RemoteError, UserInputError } from '@cosmicai/payload';

/** A model fails on some of the samples that it was given. */
export class ModelFailure extends UserInputError {
  /** Index of the first sample of the forward pass that failed. */
  readonly start: number;
  /** Samples in that forward pass. */
  readonly count: number;

  constructor(message: string, { start, count }: { readonly start: number; readonly count: number }) {
    super(message);
    this.start = start;
    this.count = count;
  }
}

/** A rank can't read or predict one of its partitions; names rank and file. Trying again won't help. */
export class PartitionError extends UserInputError {}

/** A partition isn't the one that was planned any more. */
export class PartitionChangedError extends PartitionError {}

/** The model isn't the one that was planned any more. */
export class ModelChangedError extends UserInputError {}

/** A rank can't be done in the time that it has, whatever is tried again; says what would work. No Retry names it. */
export class RankTooLongError extends UserInputError {}

/** An attempt's time ends before the rank is done. What it predicted is kept, and what is left fits the attempts that are left. */
export class RankUnfinishedError extends RemoteError {}

/** What can be done about inputs that changed under a run. */
export const AFTER_A_CHANGE =
  'Start a new run, or take it as it is now: cosmicai run --resume <execution> --accept-changed';

/**
 * The error with the rank and partition it happened at, in the class that says who must act: only what a retry can help
 * stays retryable.
 */
export function atPartition(error: unknown, rank: number, partition: string): CosmicError {
  const reason = error instanceof Error ? error.message : String(error);
  const message = `rank ${rank}, partition ${partition}: ${reason}`;
  if (error instanceof RemoteError) return new RemoteError(message, { cause: error });
  if (error instanceof EnvironmentError) return new EnvironmentError(message, { cause: error });
  if (error instanceof PartitionChangedError) return new PartitionChangedError(message, { cause: error });
  return new PartitionError(message, { cause: error });
}
