import type { Quote, Range } from './quote-schema.ts';

/** What a run really took; what is not known is left out. */
export interface ActualRun {
  readonly seconds?: number | undefined;
  readonly slowestRankSeconds?: number | undefined;
  readonly usd?: number | undefined;
  readonly peakMb?: number | undefined;
  readonly lambdaRequests?: number | undefined;
  readonly coldStarts?: number | undefined;
  readonly samples?: number | undefined;
}

export interface Reconciliation {
  readonly what: string;
  readonly unit: string;
  readonly quoted: number;
  /** The quoted range; equal to `quoted` where a quote has none. */
  readonly low: number;
  readonly high: number;
  readonly actual: number;
  /** actual / quoted - 1; null where nothing was quoted. */
  readonly deviation: number | null;
  readonly withinRange: boolean;
}

/** Holds a quote against the run it was made for. */
export function reconcile(quote: Quote, actual: ActualRun): Reconciliation[] {
  const exactly = (value: number): Range => ({ median: value, low: value, high: value });
  const rows: [what: string, unit: string, quoted: Range, actual: number | undefined][] = [
    ['duration', 's', quote.seconds, actual.seconds],
    ['slowest rank', 's', quote.slowestRankSeconds, actual.slowestRankSeconds],
    ['cost', 'USD', quote.costUsd, actual.usd],
    // Quoted is what will do.
    ['peak memory', 'MB', { ...exactly(quote.memory.peakMb), low: 0 }, actual.peakMb],
    ['Lambda requests', '', exactly(quote.lambdaRequests), actual.lambdaRequests],
    ['cold starts', '', exactly(quote.coldStarts), actual.coldStarts],
    ['samples', '', exactly(quote.samples), actual.samples],
  ];
  return rows.flatMap(([what, unit, quoted, value]) =>
    value === undefined
      ? []
      : [
          {
            what,
            unit,
            quoted: quoted.median,
            low: quoted.low,
            high: quoted.high,
            actual: value,
            deviation: quoted.median === 0 ? null : value / quoted.median - 1,
            withinRange: value >= quoted.low && value <= quoted.high,
          },
        ],
  );
}
