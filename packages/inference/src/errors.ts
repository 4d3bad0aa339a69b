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

/**
 * The error with the rank and partition it happened at, in the class that says who must act: only what a retry can help
 * stays retryable.
 */
export function atPartition(error: unknown, rank: number, partition: string): CosmicError {
  const reason = error instanceof Error ? error.message : String(error);
  const message = `rank ${rank}, partition ${partition}: ${reason}`;
  if (error instanceof RemoteError) return new RemoteError(message, { cause: error });
  if (error instanceof EnvironmentError) return new EnvironmentError(message, { cause: error });
  return new PartitionError(message, { cause: error });
}
