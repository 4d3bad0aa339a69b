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

/** A rank hadn't taken what was sent to it when the time for closing was over. */
export class UndeliveredError extends RemoteError {
  /** Ranks, counted in the whole world, that may lack messages of this one. */
  readonly ranks: readonly number[];

  constructor(ranks: readonly number[], withinMs: number) {
    const [first, ...others] = ranks;
    const who = others.length === 0 ? `Rank ${first}` : `Ranks ${ranks.join(', ')}`;
    super(
      `${who} had not taken all that was sent to ${others.length === 0 ? 'it' : 'them'} within the ${withinMs / 1000} s that closing may take: computing without a pause, stopped, or gone. Close with a longer deadlineMs, or start the run again.`,
    );
    this.ranks = ranks;
  }
}

/** Bytes arrived that are not a frame of ours or whose checksum is wrong. */
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
