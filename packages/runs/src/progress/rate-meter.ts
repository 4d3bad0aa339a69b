/** Seconds that the rate shown is taken over, and the shorter span that tells of changes. */
const SPANS = [30, 10] as const;
const LONGEST_MS = SPANS[0] * 1000;
/** Looks are frequent; so many a second are kept. */
const KEPT_EVERY_MS = 500;
/** A rate over less says little. */
const SHORTEST_MS = 2000;

interface Look {
  /** Milliseconds. */
  readonly at: number;
  readonly work: number;
}

/**
 * How fast something is counted up. What was counted before the first look, and a count that falls because work begins anew,
 * are not work done in between.
 */
export class RateMeter {
  #last: number | undefined;
  #work = 0;
  /** When the first work was seen: loading models before it is not part of the rate. */
  #first: Look | undefined;
  #looks: Look[] = [];

  /** @param at milliseconds of any clock that never steps back */
  look(at: number, count: number): void {
    this.#work += Math.max(0, count - (this.#last ?? count));
    this.#last = count;
    if (this.#work === 0) return;
    const look = { at, work: this.#work };
    this.#first ??= look;
    if (at - (this.#looks.at(-1)?.at ?? -Infinity) < KEPT_EVERY_MS) return;
    this.#looks.push(look);
    while ((this.#looks[1]?.at ?? Infinity) <= at - LONGEST_MS) this.#looks.shift();
  }

  /** Per second over the last half minute, or since the first work; undefined until that says something. */
  rate(at: number): number | undefined {
    return this.#over(at, SPANS[0]);
  }

  /** The least and the most seconds that the rest may take, by the rates of several spans; undefined while none is above zero. */
  left(at: number, rest: number): { readonly from: number; readonly to: number } | undefined {
    const rates = [Infinity, ...SPANS].map((span) => this.#over(at, span) ?? 0).filter((rate) => rate > 0);
    if (rates.length === 0) return undefined;
    return { from: rest / Math.max(...rates), to: rest / Math.min(...rates) };
  }

  #over(at: number, seconds: number): number | undefined {
    const first = this.#first;
    if (first === undefined) return undefined;
    const begin = at - seconds * 1000;
    const from = begin <= first.at ? first : (this.#looks.findLast((look) => look.at <= begin) ?? first);
    return at - from.at < SHORTEST_MS ? undefined : (1000 * (this.#work - from.work)) / (at - from.at);
  }
}
