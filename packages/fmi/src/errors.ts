import { EnvironmentError, RemoteError, UserInputError } from '@cosmicai/payload';

/** A rank died, left, or stayed silent past the deadline of an operation that needed it. Ends the communicator on every rank. */
export class PeerLostError extends RemoteError {
  /** The lost rank, counted in the whole world (also when the operation ran on a part of it made by `split`). */
  readonly rank: number;
  readonly reason: string;

  constructor(rank: number, reason: string, options?: ErrorOptions) {
    super(
      `Rank ${rank} was lost: ${reason}. Start the run again, or retry that rank with a new communicator.`,
      options,
    );
    this.rank = rank;
    this.reason = reason;
  }
}

/** The ranks called different operations, or the same one with different arguments, at the same point of the program. */
export class OperationMismatchError extends UserInputError {
  readonly ranks: readonly number[];

  constructor(ranks: readonly number[], what: string) {
    super(`${what}. All ranks must call the same operations in the same order with the same root and types.`);
    this.ranks = ranks;
  }
}

/** Bytes arrived that are no frame of ours or whose checksum is wrong. */
export class CorruptFrameError extends RemoteError {}

/** The communicator was closed before or while the operation ran. */
export class CommunicatorClosedError extends UserInputError {
  constructor(name: string) {
    super(`Communicator "${name}" is closed; no operation can run on it any more. Make a new one.`);
  }
}

/** A value that can't travel, an argument out of range, a buffer beyond the memory limit. */
export class MessageError extends UserInputError {}

/** A channel was asked for that this communicator doesn't have, or its backend can't be reached. */
export class ChannelUnavailableError extends EnvironmentError {}
