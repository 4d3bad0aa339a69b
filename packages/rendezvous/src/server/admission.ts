import type { Limits } from './options.ts';

/** A connection's place under the limits. */
export interface Seat {
  /** The client has proven a key: it no longer counts as a stranger. */
  authenticated(): void;
  release(): void;
}

/** Counts connections in total and per address. */
export class Admission {
  readonly #limits: Limits;
  readonly #byAddress = new Map<string, { all: number; strangers: number }>();
  #total = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  /** A seat, or undefined when a limit is reached. */
  admit(address: string): Seat | undefined {
    const counts = this.#byAddress.get(address) ?? { all: 0, strangers: 0 };
    const full =
      this.#total >= this.#limits.connections ||
      counts.all >= this.#limits.connectionsPerAddress ||
      counts.strangers >= this.#limits.strangersPerAddress;
    if (full) return undefined;
    this.#byAddress.set(address, counts);
    this.#total++;
    counts.all++;
    counts.strangers++;
    let stranger = true;
    let seated = true;
    const known = () => {
      if (stranger) counts.strangers--;
      stranger = false;
    };
    return {
      authenticated: known,
      release: () => {
        if (!seated) return;
        seated = false;
        known();
        this.#total--;
        counts.all--;
        if (counts.all === 0) this.#byAddress.delete(address);
      },
    };
  }
}
