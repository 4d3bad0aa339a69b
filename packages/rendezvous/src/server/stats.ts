import type { Refusal } from '../errors.ts';

/** What the server holds now, and what it has done since it started. */
export interface RendezvousStats extends Counts {
  readonly connections: number;
  readonly worlds: number;
  /** Runs that were opened and some ranks of which have still to come. */
  readonly openRuns: number;
  readonly members: number;
  readonly waitingV1: number;
  readonly waitingV2: number;
  readonly relays: number;
  readonly draining: boolean;
}

/** What has happened since the start. */
interface Counts {
  readonly accepted: number;
  readonly authenticated: number;
  readonly introductions: number;
  readonly punches: number;
  readonly relaysOpened: number;
  /** Bytes that peers sent to each other through the relay. */
  readonly relayedBytes: number;
  readonly pairingsV1: number;
  readonly pairingsV2: number;
  readonly membersLost: number;
  readonly membersLeft: number;
  readonly refused: Readonly<Partial<Record<Refusal, number>>>;
}

/** Counters that only grow. */
export class Counters {
  accepted = 0;
  authenticated = 0;
  introductions = 0;
  punches = 0;
  relaysOpened = 0;
  /** Of relays that have ended; open ones are asked. */
  relayedBytes = 0;
  pairingsV1 = 0;
  pairingsV2 = 0;
  membersLost = 0;
  membersLeft = 0;
  readonly refused: Partial<Record<Refusal, number>> = {};

  refuse(refusal: Refusal): void {
    this.refused[refusal] = (this.refused[refusal] ?? 0) + 1;
  }

  snapshot(): Counts {
    const { accepted, authenticated, introductions, punches, relaysOpened, relayedBytes } = this;
    const { pairingsV1, pairingsV2, membersLost, membersLeft } = this;
    return {
      accepted,
      authenticated,
      introductions,
      punches,
      relaysOpened,
      relayedBytes,
      pairingsV1,
      pairingsV2,
      membersLost,
      membersLeft,
      refused: { ...this.refused },
    };
  }
}
