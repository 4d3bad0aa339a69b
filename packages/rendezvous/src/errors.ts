import { RemoteError, UserInputError } from '@cosmicai/payload';
import type { Departure } from './peer-link.ts';

/** Nothing answers at the rendezvous endpoint, or what answers isn't our server. */
export class RendezvousUnavailableError extends RemoteError {
  /** May the same endpoint answer later? Not where a stranger does. */
  readonly mayComeRight: boolean;

  constructor(message: string, { mayComeRight = true, ...options }: ErrorOptions & { mayComeRight?: boolean } = {}) {
    super(message, options);
    this.mayComeRight = mayComeRight;
  }
}

/** Why the server turned a client away; the number travels on the wire. */
export const refusals = {
  malformed: 1,
  unknownKey: 2,
  wrongProof: 3,
  worldMismatch: 4,
  limit: 5,
  timeout: 6,
  draining: 7,
  replaced: 8,
  unknownPairing: 9,
  disabled: 10,
} as const;

export type Refusal = keyof typeof refusals;

/** The server answered and refused: wrong key, limits, another world size, shutting down. */
export class RendezvousRefusedError extends RemoteError {
  readonly refusal: Refusal;

  constructor(refusal: Refusal, message: string) {
    super(message);
    this.refusal = refusal;
  }
}

/** How far two peers came: not introduced; introduced, but no way between them; a way whose ends didn't prove the key in time. */
export type UnfinishedStep = 'pairing' | 'punching' | 'handshake';

/** No path to the peer was found before the deadline. */
export class PeerUnreachableError extends RemoteError {
  readonly peer: number;
  /** The step at which it ended. */
  readonly step: UnfinishedStep;

  constructor(peer: number, step: UnfinishedStep, message: string, options?: ErrorOptions) {
    super(message, options);
    this.peer = peer;
    this.step = step;
  }
}

/** The two sides of a pair ask for different kinds of link. */
export class LinkMismatchError extends UserInputError {}

/** The peer was a member of the run and is no longer. */
export class PeerGoneError extends RemoteError {
  readonly peer: number;
  readonly how: Departure;

  constructor(peer: number, how: Departure) {
    super(
      how === 'left'
        ? `Rank ${peer} has left the run; it can't be connected any more.`
        : `Rank ${peer} was lost: its connection to the rendezvous server ended without a good-bye.`,
    );
    this.peer = peer;
    this.how = how;
  }
}
