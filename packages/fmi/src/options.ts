import type { ChannelFactory, ChannelKind } from './channels/channel.ts';
import type { Hint } from './policy/policy.ts';
import type { TypedArray } from './value.ts';

export interface CommunicatorOptions {
  /** Tells worlds apart that use the same store, Redis or rendezvous server at the same time. */
  readonly name: string;
  /** At least one; with several, each operation takes the one that is best by `hint`. The same list on every rank. */
  readonly channels: readonly ChannelFactory[];
  /** `fast`: least modelled latency; `cheap`: least modelled price, the waiting functions' time included. Default: fast. */
  readonly hint?: Hint;
  /** Memory of the function in MiB: bounds the buffers, and prices waiting. Default: 1024. */
  readonly memoryMiB?: number;
  /** Ends the communicator: running operations reject with the signal's reason, other ranks see this one as lost. */
  readonly signal?: AbortSignal;
  /** Time that an operation may take unless it says otherwise. Default: 30,000 ms. */
  readonly deadlineMs?: number;
}

export interface OperationOptions {
  /** A rank that keeps this operation from ending for so long is declared lost on all ranks. */
  readonly deadlineMs?: number;
  /** Rejects with the signal's reason. Giving up a collective makes this rank lost to the others; giving up send or recv hurts nobody. */
  readonly signal?: AbortSignal;
  /** Overrides the policy; the same on every rank. */
  readonly channel?: ChannelKind;
  /** Bytes a rank contributes, for the policy; the same on every rank, which is why it isn't measured. Default: 1,024. */
  readonly bytes?: number;
}

export interface ReceiveOptions extends OperationOptions {
  /**
   * Takes the value here and returns this array, which must have the value's type and length: no memory is allocated for the result.
   * It belongs to the operation until that ends, and holds anything when it rejects. The root of a bcast keeps its own value.
   */
  readonly into?: TypedArray;
}

export interface ScanOptions extends OperationOptions {
  /** Does a rank's result contain its own value? Default: true. */
  readonly inclusive?: boolean;
}
