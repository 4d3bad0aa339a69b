import type { ArrayQuote, Quote, Range } from '@cosmicai/quote';
import {
  formatBitRate,
  formatNumber,
  formatPercent,
  formatSeconds,
  formatSmallUsd,
  formatUnitPrice,
  formatUsd,
} from './format.ts';
import { nameOfCost } from './bill.ts';
import { MOST_RANKS_SHOWN, QUANTILES_NAMED, quantilesOf, RANKS_NAMED, slowest } from './rank-quantiles.ts';
import type { RunReport } from './run-report.ts';

export type Cell = string | number | null;

/** A table as plain data: whoever shows it, terminal or page, decides how. Numbers in cells are raw, text is formatted. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Columns that hold figures and are set flush right. */
  readonly figures: readonly number[];
}

const NONE = '–';
const shown = (value: number | null, format: (value: number) => string) => (value === null ? NONE : format(value));

/**
 * The users' table: duration, init, memory, samples/s, bits/s and cost of every rank; what a profiler saw allocated stands by
 * itself, because it is not memory in use.
 */
export function rankTable({ ranks }: Pick<RunReport, 'ranks'>): Table {
  const named = ranks.every(({ rank }) => rank !== null);
  const allocated = ranks.some(({ allocatedMb }) => allocatedMb !== null);
  return {
    title: 'Ranks',
    columns: [
      named ? 'rank' : 'partition',
      ...['samples', 'duration', 'init', 'memory', 'samples/s', 'bit/s', 'cost'],
      ...(allocated ? ['allocated'] : []),
    ],
    figures: [...(named ? [0] : []), 1, 2, 3, 4, 5, 6, 7, ...(allocated ? [8] : [])],
    rows: ranks.map((row) => [
      row.rank ?? row.label,
      shown(row.samples, formatNumber),
      shown(row.seconds, formatSeconds),
      shown(row.initSeconds, (seconds) => (seconds === 0 ? 'warm' : formatSeconds(seconds))),
      shown(row.memoryMb, (mb) => `${formatNumber(mb, 3)} MB`),
      shown(row.samplesPerSecond, (rate) => formatNumber(rate, 3)),
      shown(row.bitsPerSecond, formatBitRate),
      shown(row.usd, formatUsd),
      ...(allocated ? [shown(row.allocatedMb, (mb) => `${formatNumber(mb)} MB`)] : []),
    ]),
  };
}

const MEASURES = [
  ['duration', 'seconds', formatSeconds],
  ['init', 'initSeconds', formatSeconds],
  ['memory', 'memoryMb', (mb: number) => `${formatNumber(mb, 3)} MB`],
  ['samples', 'samples', formatNumber],
  ['samples/s', 'samplesPerSecond', (rate: number) => formatNumber(rate, 3)],
  ['bit/s', 'bitsPerSecond', formatBitRate],
  ['cost', 'usd', formatUsd],
] as const;

/** The ranks of a run: all of them, or, of so many that nobody reads them, their quantiles and the slowest ones. */
export function rankTables({ ranks }: Pick<RunReport, 'ranks'>, most = RANKS_NAMED): Table[] {
  if (ranks.length <= MOST_RANKS_SHOWN) return [rankTable({ ranks })];
  const title = `The ${formatNumber(most)} slowest of ${formatNumber(ranks.length)} ranks`;
  return [quantileTable(ranks), { ...rankTable({ ranks: slowest(ranks, most) }), title }];
}

function quantileTable(ranks: RunReport['ranks']): Table {
  const rows = MEASURES.flatMap(([name, field, format]) => {
    const values = ranks.flatMap(({ [field]: value }) => value ?? []);
    return values.length === 0 ? [] : [[name, ...quantilesOf(values).map((value) => format(value))]];
  });
  return {
    title: `Quantiles over ${formatNumber(ranks.length)} ranks`,
    columns: ['of a rank', ...QUANTILES_NAMED],
    figures: QUANTILES_NAMED.map((_, at) => at + 1),
    rows,
  };
}

const SCORES = [
  ['mae', 'MAE', 'mean |p − z|'],
  ['mse', 'MSE', 'mean (p − z)²'],
  ['bias', 'Bias', 'mean dz'],
  ['precision', 'Precision (NMAD)', '1.48 · median |dz − median dz|'],
  ['r2', 'R²', '1 − Σ(z − p)² / Σ(z − mean z)²'],
  ['outlier_fraction_005', 'Outliers, |dz| > 0.05', 'fraction'],
  ['outlier_fraction_015', 'Outliers, |dz| > 0.15', 'fraction'],
] as const;

export function scoreTable({ scores }: Pick<RunReport, 'scores'>): Table {
  return {
    title: 'Prediction metrics',
    columns: ['metric', 'value', 'definition'],
    figures: [1],
    rows:
      scores === null
        ? []
        : SCORES.map(([key, name, definition]) => {
            const value = scores[key];
            return [name, shown(value, key.startsWith('outlier') ? formatPercent : formatNumber), definition];
          }),
  };
}

const RATES = [
  ['summedOverRanks', 'Sum of the ranks’ own rates', 'as if all ranks worked all the time; what is often published'],
  ['bySlowestRank', 'By the slowest rank', 'all the work over the time of the slowest rank'],
  ['byWallClock', 'By wall clock', 'all the work over the whole run, waiting and orchestration included'],
] as const;

export function rateTable({ rates }: Pick<RunReport, 'rates'>): Table {
  return {
    title: 'Throughput',
    columns: ['rate', 'samples/s', 'bit/s', 'meaning'],
    figures: [1, 2],
    rows: RATES.map(([key, name, meaning]) => {
      const rate = rates[key];
      return [
        name,
        rate === null ? NONE : formatNumber(rate.samplesPerSecond, 4),
        rate === null ? NONE : formatBitRate(rate.bitsPerSecond),
        meaning,
      ];
    }),
  };
}

export function costTable({ cost, costNote }: Pick<RunReport, 'cost' | 'costNote'>): Table {
  const name = nameOfCost({ costNote });
  return {
    title: `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    columns: ['service', 'item', 'quantity', 'unit', 'USD a unit', 'USD'],
    figures: [2, 4, 5],
    rows:
      cost === null
        ? []
        : [
            ...cost.items.map((item) => [
              item.service,
              item.item,
              formatNumber(item.quantity),
              item.unit,
              formatUnitPrice(item.unitPrice),
              formatSmallUsd(item.usd),
            ]),
            ['Total', '', '', '', '', formatSmallUsd(cost.usd)],
          ],
  };
}

function range({ median, low, high }: Range, format: (value: number) => string): string {
  return low === high ? format(median) : `${format(median)} (${format(low)} to ${format(high)})`;
}

/** What quotes of all engines begin with. */
function rowsOfPlan({ ranks, ranksWithData, samples, bytes, seconds }: Quote | ArrayQuote): string[][] {
  return [
    ['ranks', `${formatNumber(ranksWithData)} with data of ${formatNumber(ranks)}`],
    ['galaxies', formatNumber(samples)],
    ['data', `${formatNumber(bytes / 2 ** 30, 3)} GB`],
    ['duration', range(seconds, formatSeconds)],
  ];
}

/** What a run will take as tasks of a scheduler. */
export function arrayQuoteTable(quote: ArrayQuote): Table {
  const { gets, puts, lists } = quote.requests;
  return {
    title: 'Quote',
    columns: ['what', 'estimate'],
    figures: [],
    rows: [
      ...rowsOfPlan(quote),
      ['of it Summarize', formatSeconds(quote.phases.summarize)],
      ['slowest rank', range(quote.slowestRankSeconds, formatSeconds)],
      ['tasks at once', `${formatNumber(quote.tasksAtOnce)}, ${formatNumber(quote.coresAtOnce)} cores`],
      ['core-hours', range(quote.coreHours, (hours) => formatNumber(hours, 3))],
      ['requests to S3', `${formatNumber(gets)} GET, ${formatNumber(puts)} PUT, ${formatNumber(lists)} LIST`],
      ['memory of a rank', `${formatNumber(quote.memory.peakMb, 3)} of ${formatNumber(quote.memory.configuredMb)} MB`],
      ...(quote.costUsd === null ? [] : [['bill', range(quote.costUsd, formatUsd)]]),
      ['based on', `${quote.calibration}; ${quote.simulatedRuns} simulated runs`],
    ],
  };
}

/** What a run will take: for the terminal before it is started. */
export function quoteTable(quote: Quote): Table {
  return {
    title: 'Quote',
    columns: ['what', 'estimate'],
    figures: [],
    rows: [
      ...rowsOfPlan(quote),
      ['slowest rank', range(quote.slowestRankSeconds, formatSeconds)],
      ['Lambda requests', formatNumber(quote.lambdaRequests)],
      ['cold starts', formatNumber(quote.coldStarts)],
      ['ranks at once', atOnceOf(quote)],
      ['state transitions', formatNumber(quote.stateTransitions)],
      ['memory of a rank', `${formatNumber(quote.memory.peakMb, 3)} of ${formatNumber(quote.memory.configuredMb)} MB`],
      ['bill', range(quote.costUsd, formatUsd)],
      ['based on', `${quote.calibration}; ${quote.simulatedRuns} simulated runs`],
    ],
  };
}

function atOnceOf({ peakConcurrency, concurrency }: Quote): string {
  const peak = formatNumber(peakConcurrency);
  return concurrency === undefined ? peak : `${peak} of ${formatNumber(concurrency.limit)} (${concurrency.source})`;
}

export function reconciliationTable({ reconciliation }: Pick<RunReport, 'reconciliation'>): Table {
  return {
    title: 'Quote against actual',
    columns: ['what', 'quoted', 'range', 'actual', 'deviation', 'verdict'],
    figures: [1, 2, 3, 4],
    rows: reconciliation.map((row) => {
      const unit = row.unit === '' ? '' : ` ${row.unit}`;
      return [
        // Told as JSON by its older name.
        row.what === 'cost' ? 'bill' : row.what,
        `${formatNumber(row.quoted)}${unit}`,
        rangeOf(row),
        `${formatNumber(row.actual)}${unit}`,
        shown(row.deviation, (deviation) => `${deviation > 0 ? '+' : ''}${formatNumber(100 * deviation, 3)} %`),
        row.withinRange ? 'as quoted' : row.actual < row.low ? 'less than quoted' : 'more than quoted',
      ];
    }),
  };
}

function rangeOf({ low, high }: RunReport['reconciliation'][number]): string {
  if (low === high) return NONE;
  return low === 0 ? `up to ${formatNumber(high)}` : `${formatNumber(low)} to ${formatNumber(high)}`;
}
